import type { Clock } from '@chat-cluster/kernel';
import type { AssignedMap } from './assignment-data.ts';
import { wasGivenUp, type KnownGeneration } from './lease.ts';

/** How long nobody decided for a shard while it moved here. */
export type Silence = {
  readonly ms: number;
  /** Of these, from the assignment on: this worker's own part. */
  readonly takingOverMs: number;
  /** Whether it is counted from when the former owner stopped. If not, nobody here knows when that was: it was silent for at least this long. */
  readonly isWhole: boolean;
};

type Start = { readonly sinceMs: number; readonly assignedMs: number; readonly isWhole: boolean };

/**
 * Measures the silence of shards that come, by this worker's clock alone: nodes have no common one. The generation that tells an owner to give shards up is told to all members at
 * once, and the owner decides nothing for them from then on; so a member that was in that generation knows when that was, but for the difference of two answers of the coordinator. (When
 * another rebalance interrupts that one, it is counted from the last.) Of a shard that its owner did not give up, a member knows no more than when it heard of the rebalance itself.
 */
export class Silences {
  readonly #clock: Clock;
  readonly #starts = new Map<number, Start>();
  readonly #ended = new Map<number, Silence>();
  #last: KnownGeneration | undefined;
  #joiningMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#joiningMs = clock.monotonicMs();
  }

  /** This worker has heard of a rebalance, and is about to join. */
  joining(): void {
    this.#joiningMs = this.#clock.monotonicMs();
  }

  /** Before `begin` of the shards that the generation gives. */
  assigned(
    generation: { readonly generationId: number; readonly map: AssignedMap | undefined },
    shardsThatCome: Iterable<number>,
  ): void {
    const before = this.#last;
    const atMs = this.#clock.monotonicMs();
    const next = { ...generation, atMs };
    this.#last = next;
    for (const shard of shardsThatCome) {
      const isWhole = before !== undefined && wasGivenUp(before, next, shard);
      const sinceMs = isWhole ? before.atMs : this.#joiningMs;
      this.#starts.set(shard, { sinceMs, assignedMs: atMs, isWhole });
      this.#ended.delete(shard);
    }
  }

  /** The shard runs: from now on it is decided for. */
  end(shard: number): Silence | undefined {
    const start = this.#starts.get(shard);
    if (start === undefined) return undefined;
    this.#starts.delete(shard);
    const nowMs = this.#clock.monotonicMs();
    const { isWhole, sinceMs, assignedMs } = start;
    const silence = { ms: nowMs - sinceMs, takingOverMs: nowMs - assignedMs, isWhole };
    this.#ended.set(shard, silence);
    return silence;
  }

  /** The silence of the last time that the shard came here; undefined before it runs. */
  of(shard: number): Silence | undefined {
    return this.#ended.get(shard);
  }
}

/** For people. */
export function silenceSentence(shard: number, { ms, takingOverMs, isWhole }: Silence): string {
  const whole = Math.round(ms);
  const own = Math.round(takingOverMs);
  return isWhole
    ? `Shard ${shard} runs here. It was silent for ${whole} ms, ${own} ms of them to take it over.`
    : `Shard ${shard} runs here. Nobody gave it up: it was silent for ${whole} ms since this worker heard of it, ${own} ms of them to take it over.`;
}
