import type { Random, Timers } from '@chat-cluster/kernel';
import type { LogAdmin } from '@chat-cluster/log';
import type { Report } from '../management/report.ts';
import { attendMember } from './attend-member.ts';
import type { AttendanceState } from './attendance.ts';
import type { Attending } from './attending.ts';
import type { EntityOwner } from './entity-owner.ts';
import type { MapMember, ShardMap } from './shard-map.ts';

export type PeerWatchOptions = {
  /** The workers of one group in this process. */
  readonly owners: readonly EntityOwner[];
  readonly groupId: string;
  readonly admin: Pick<LogAdmin, 'removeMember'>;
  readonly attending: Attending;
  /** The member is out of the group, removed or gone as planned: the workers here should join again at once, so that its shards go to them. */
  readonly onOut: (member: MapMember) => void;
  readonly timers: Timers;
  readonly random: Random;
  readonly report: Report;
};

/**
 * Looks after every other member of the group, and removes the ones that are dead, so that nobody waits for their session to end. Members of this process are not looked after: they end
 * with it. A node must close its RPC port only after its workers have left the group.
 */
export class PeerWatch {
  readonly #options: PeerWatchOptions;
  /** By member id. */
  readonly #attended = new Map<string, AbortController>();
  readonly #offMaps: readonly (() => void)[];
  /** By member id. */
  readonly #confirmed = new Set<string>();
  #generationId = -1;
  /** Members that are being removed, and the attendances that end. */
  readonly #running = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: PeerWatchOptions) {
    this.#options = options;
    this.#offMaps = options.owners.map((owner) => owner.onMap((map) => this.#follow(map)));
    for (const owner of options.owners) {
      const map = owner.map();
      if (map) this.#follow(map);
    }
  }

  /** Members of other processes that have confirmed themselves, and whose stream is open. For metrics. */
  get confirmedCount(): number {
    return this.#confirmed.size;
  }

  /** Resolves when nothing of it runs any more. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const off of this.#offMaps) off();
    for (const ending of this.#attended.values()) ending.abort();
    this.#attended.clear();
    await Promise.all(this.#running);
  }

  #follow(map: ShardMap): void {
    if (this.#isClosed || map.generationId <= this.#generationId) return;
    this.#generationId = map.generationId;
    const members = new Map(map.members.map((member) => [member.memberId, member]));
    for (const [memberId, ending] of this.#attended) {
      if (members.has(memberId)) continue;
      this.#attended.delete(memberId);
      ending.abort();
    }
    for (const member of members.values()) {
      if (!this.#attended.has(member.memberId) && !this.#isHere(member)) this.#attend(member);
    }
  }

  #attend(member: MapMember): void {
    const ending = new AbortController();
    this.#attended.set(member.memberId, ending);
    const { memberId } = member;
    const onState = (state: AttendanceState): void => {
      if (state === 'confirmed') this.#confirmed.add(memberId);
      else this.#confirmed.delete(memberId);
    };
    const onLeft = (): void => this.#options.onOut(member);
    const onShutOut = (): void => this.#reportShutOut(member);
    const options = { ...this.#options, onState, onLeft, onShutOut };
    const attendance = attendMember(member, options, ending.signal).then(
      () => this.#remove(member, ending.signal),
      (error: unknown) => {
        if (ending.signal.aborted) return;
        this.#options.report('error', 'A member of the group is not looked after any more.', {
          member: member.name,
          error,
        });
      },
    );
    this.#running.add(attendance);
    void attendance.finally(() => {
      this.#running.delete(attendance);
      this.#confirmed.delete(memberId);
    });
  }

  #reportShutOut({ name, endpoint }: MapMember): void {
    this.#options.report(
      'error',
      `Node ${name} at ${endpoint} does not let this node in. Give all nodes the same secret, or certificates of one authority; until then neither answers for the other's shards.`,
    );
  }

  async #remove(member: MapMember, signal: AbortSignal): Promise<void> {
    // The group may have taken it out by itself.
    if (signal.aborted || this.#isHere(member)) return;
    const { admin, groupId, onOut, report } = this.#options;
    const { name, endpoint, memberId } = member;
    report(
      'warn',
      `Node ${name} at ${endpoint} is gone: its connection broke, and it refuses new ones. Taking it out of the group.`,
    );
    try {
      const reason = `its endpoint ${endpoint} refuses connections`;
      await admin.removeMember({ groupId, memberId, reason });
    } catch (error) {
      report('warn', `Node ${name} could not be taken out: its session will end by itself.`, {
        error,
      });
      return;
    }
    if (!this.#isClosed) onOut(member);
  }

  #isHere({ memberId }: MapMember): boolean {
    return this.#options.owners.some((owner) => owner.isMember(memberId));
  }
}
