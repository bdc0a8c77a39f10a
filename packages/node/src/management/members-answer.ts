import type { AbsentWorker, WorkerStatus } from '../worker-status.ts';
import { youngestMap } from './youngest-map.ts';

/** What /cluster/members answers. */
export type MembersAnswer = {
  /** Of the group, in which the shards are divided like this; null before the first assignment. */
  readonly generationId: number | null;
  readonly members: readonly {
    readonly name: string;
    readonly endpoint: string;
    readonly memberId: string;
    readonly numShards: number;
    /** Whether it is a worker of the node that answers. */
    readonly isThisNode: boolean;
  }[];
};

/** The members of the group, as this node knows them. */
export function membersAnswer(workers: readonly (WorkerStatus | AbsentWorker)[]): MembersAnswer {
  const map = youngestMap(workers);
  const names = workers.map(({ name }) => name);
  return {
    generationId: map?.generationId ?? null,
    members: (map?.members ?? []).map(({ name, endpoint, memberId }, index) => ({
      name,
      endpoint,
      memberId,
      numShards: map?.owners.filter((owner) => owner === index).length ?? 0,
      isThisNode: names.includes(name),
    })),
  };
}
