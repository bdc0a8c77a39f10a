import { ownerOf, type ShardStatus } from '@chat-cluster/engine';
import type { AbsentWorker, WorkerStatus } from '../worker-status.ts';
import { youngestMap } from './youngest-map.ts';

/** What /cluster/shards/{entityType} answers: the shards that this node owns, empty ones too, in order. */
export type ShardsAnswer = { readonly regions: readonly Region[] };

type Region = {
  readonly shardId: string;
  readonly numEntities: number;
};

/** With `?detail`: what the engine tells of a shard, and which worker has it. */
export type DetailedRegion = Region &
  Omit<ShardStatus, 'shard' | 'entityCount'> & { readonly worker: string };

/** With `?all`: every shard of the cluster, as this node knows it. */
export type AllShardsAnswer = {
  /** null before the first assignment. */
  readonly generationId: number | null;
  readonly regions: readonly {
    readonly shardId: string;
    /** Name of the worker that owns it; null for none. */
    readonly owner: string | null;
    readonly endpoint: string | null;
  }[];
};

export function shardsAnswer(workers: readonly (WorkerStatus | AbsentWorker)[]): ShardsAnswer {
  return {
    regions: detailedShardsAnswer(workers).regions.map(({ shardId, numEntities }) => ({
      shardId,
      numEntities,
    })),
  };
}

export function detailedShardsAnswer(workers: readonly (WorkerStatus | AbsentWorker)[]): {
  readonly regions: readonly DetailedRegion[];
} {
  const shards = workers.flatMap((worker) =>
    worker.kind === 'absent'
      ? []
      : worker.shards.map((status) => ({ worker: worker.name, status })),
  );
  shards.sort((a, b) => a.status.shard - b.status.shard);
  return {
    regions: shards.map(({ worker, status: { shard, entityCount, ...detail } }) => ({
      shardId: String(shard),
      numEntities: entityCount,
      ...detail,
      worker,
    })),
  };
}

export function allShardsAnswer(
  workers: readonly (WorkerStatus | AbsentWorker)[],
): AllShardsAnswer {
  const map = youngestMap(workers);
  if (map === undefined) return { generationId: null, regions: [] };
  return {
    generationId: map.generationId,
    regions: map.owners.map((_, shard) => {
      const owner = ownerOf(map, shard);
      return {
        shardId: String(shard),
        owner: owner?.name ?? null,
        endpoint: owner?.endpoint ?? null,
      };
    }),
  };
}
