import type { Cancel, Timers } from '@chat-cluster/kernel';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { Report } from '../management/report.ts';
import { ownerOf, type ShardMap } from '../routing/shard-map.ts';
import type { FormerOwner, FormerOwners } from './former-owners.ts';
import { IncomingStates } from './incoming-states.ts';

export type FormerStatesOptions = {
  /** Undefined: nobody is asked. */
  readonly formerOwners: FormerOwners | undefined;
  readonly entityType: string;
  readonly eventTopicId: string;
  readonly budget: ByteBudget;
  readonly timers: Timers;
  readonly report: Report;
};

/** A former owner that sends nothing for so long is asked no longer, once a shard runs that waits for it: until then nothing is lost by waiting. */
const SILENCE_MAX_MS = 500;
/** … nor, in any case, after this. */
const TIME_MAX_MS = 5_000;

/** Why a fetch ends that nobody waits for. */
const UNWANTED = new Error('Nobody waits for these states any more.');

/** Asks the former owners of shards that come here for the states that they had in memory. */
export class FormerStates {
  readonly #options: FormerStatesOptions;
  /** Of each shard the last owner that was another worker. */
  readonly #owners = new Map<number, FormerOwner>();

  constructor(options: FormerStatesOptions) {
    this.#options = options;
  }

  /** Who owns what from now on; shards that come with it are asked for before. */
  learn(map: ShardMap, memberId: string): void {
    for (let shard = 0; shard < map.owners.length; shard++) {
      const owner = ownerOf(map, shard);
      if (owner === undefined) continue;
      if (owner.memberId === memberId) this.#owners.delete(shard);
      else this.#owners.set(shard, owner);
    }
  }

  /** Asks for what is kept of these shards, each former owner at once for all of its own. Shards that nobody else had are left out. */
  ask(shards: readonly number[]): ReadonlyMap<number, IncomingStates> {
    const { budget, eventTopicId, formerOwners } = this.#options;
    const incoming = new Map<number, IncomingStates>();
    if (formerOwners === undefined) return incoming;
    const shardsOf = new Map<FormerOwner, IncomingStates[]>();
    for (const shard of shards) {
      const owner = this.#owners.get(shard);
      if (owner === undefined) continue;
      const states = new IncomingStates({ shard, eventTopicId, budget });
      incoming.set(shard, states);
      const known = [...shardsOf.keys()].find(({ memberId }) => memberId === owner.memberId);
      if (known === undefined) shardsOf.set(owner, [states]);
      else shardsOf.get(known)?.push(states);
    }
    for (const [owner, states] of shardsOf) void this.#fetch(formerOwners, owner, states);
    return incoming;
  }

  async #fetch(
    formerOwners: FormerOwners,
    owner: FormerOwner,
    incoming: readonly IncomingStates[],
  ): Promise<void> {
    const { entityType, report, timers } = this.#options;
    const byShard = new Map(incoming.map((states) => [states.shard, states]));
    const unfinished = new Set(byShard.keys());
    const ending = new AbortController();
    const end = (): void => {
      for (const states of incoming) states.settle();
      ending.abort(new Error('It was too slow.'));
    };
    const cancelWhole = timers.after(TIME_MAX_MS, end);
    let cancelSilence: Cancel | undefined;
    const expectPart = (): void => {
      cancelSilence?.();
      cancelSilence = timers.after(SILENCE_MAX_MS, () => {
        if (incoming.some(({ isWaitedFor }) => isWaitedFor)) end();
        else expectPart();
      });
    };
    expectPart();
    // The shards may be gone again, or there is no room: what would still come is for nobody.
    void Promise.all(incoming.map(({ settled }) => settled)).then(() => {
      if (unfinished.size > 0) ending.abort(UNWANTED);
    });
    try {
      const asked = { entityType, shards: [...byShard.keys()] };
      await formerOwners.retiredStates(
        owner,
        asked,
        (part) => {
          expectPart();
          if (part.isLast) unfinished.delete(part.shard);
          byShard.get(part.shard)?.add(part);
        },
        ending.signal,
      );
    } catch (error) {
      if (ending.signal.reason === UNWANTED) return;
      report('info', 'A former owner does not give its states; they are read from the journal.', {
        endpoint: owner.endpoint,
        shards: incoming.length,
        error,
      });
    } finally {
      cancelWhole();
      cancelSilence?.();
      for (const states of incoming) states.settle();
    }
  }
}
