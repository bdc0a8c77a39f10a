import { sleep, type Clock, type Timers } from '@chat-cluster/kernel';
import { LogError, type Log } from '@chat-cluster/log';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { EngineLimits } from '../engine-limits.ts';
import type { EngineTopics } from '../engine-topics.ts';
import type { Counters } from '../management/counters.ts';
import { decodeEventRecord } from '../output/event-record.ts';
import { RANK_OF_READS_AHEAD } from './entity-recovery.ts';
import { Limiter } from './limiter.ts';

/** What warming needs of a shard. */
export interface WarmableShard {
  readonly partition: number;
  /** Whether it is processed here still. */
  readonly isRunning: boolean;
  /** Recovers those of these entities that are not active; resolves with how many when they are, or when the shard is not processed here any more. */
  warm(entityIds: readonly string[]): Promise<number>;
}

type WarmUpOptions = {
  readonly log: Log;
  readonly topics: EngineTopics;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly counters: Counters;
  /** Those that records wait for come first: while there are any, nothing is read ahead. */
  readonly recoveries: Limiter;
  readonly entityBudget: ByteBudget;
};

/** The newest offsets are read first, in a chunk of so many; then twice as many before them, and so on. */
const CHUNK_OFFSETS_FIRST = 50;
/** For records that wait in the inputs: they come with the first fetch, and their reads come first. */
const HEAD_START_MS = 50;
/** After so long the entities that were active before are no longer those that are now. */
const WORTHWHILE_MS = 10_000;
/** A journal that was slow gets no reads ahead for so long. */
const OFF_MS = 10_000;
const BUSY_POLL_MS = 20;
/** Entities of a read: who needs one of them waits for all of them. */
const READ_COUNT_MAX = 16;

/**
 * Reads entities ahead that were active where a shard was before: those of the newest events of its event-topic partition, newest first, in bulk. It is for speed alone: bounded in
 * events, bytes and time, few reads at a time for the whole worker, behind all reads that records wait for, and off while the journal is slow. Whatever goes wrong ends it.
 */
export class WarmUp {
  readonly #options: WarmUpOptions;
  readonly #limiter: Limiter;
  #offUntilMs = Number.NEGATIVE_INFINITY;

  constructor(options: WarmUpOptions) {
    this.#options = options;
    this.#limiter = new Limiter(options.limits.warmUpConcurrency);
  }

  /** Call it when the shard begins to run. Resolves when there is nothing more to read ahead. */
  async start(shard: WarmableShard): Promise<void> {
    const { clock, counters, limits, timers } = this.#options;
    await sleep(timers, HEAD_START_MS);
    const endMs = clock.monotonicMs() + WORTHWHILE_MS;
    const isWorthwhile = (): boolean =>
      shard.isRunning && this.#isOn && clock.monotonicMs() < endMs;
    const entityIds = await this.#limiter.run(() => this.#newest(shard.partition, isWorthwhile));
    const batchCount = Math.min(limits.recoveryBatchCount, READ_COUNT_MAX);
    for (let at = 0; at < entityIds.length && isWorthwhile(); at += batchCount) {
      await this.#limiter.run(async () => {
        await this.#untilNobodyWaits(isWorthwhile);
        if (!isWorthwhile()) return;
        const startMs = clock.monotonicMs();
        const warmedCount = await shard.warm(entityIds.slice(at, at + batchCount));
        counters.entitiesWarmed += warmedCount;
        if (clock.monotonicMs() - startMs > limits.warmUpReadSlowMs) this.#turnOff();
      });
    }
  }

  get #isOn(): boolean {
    const { clock, entityBudget } = this.#options;
    const hasRoom = entityBudget.bytes < entityBudget.bytesMax / 2;
    return hasRoom && clock.monotonicMs() >= this.#offUntilMs;
  }

  #turnOff(): void {
    this.#offUntilMs = this.#options.clock.monotonicMs() + OFF_MS;
  }

  async #untilNobodyWaits(isWorthwhile: () => boolean): Promise<void> {
    const { recoveries, timers } = this.#options;
    const isBusy = (): boolean => recoveries.isFull || recoveries.hasBelow(RANK_OF_READS_AHEAD);
    while (isBusy() && isWorthwhile()) await sleep(timers, BUSY_POLL_MS);
  }

  /** The entities of the partition's newest events, newest first. */
  async #newest(partition: number, isWorthwhile: () => boolean): Promise<string[]> {
    const { limits, log, topics } = this.#options;
    const topic = topics.names.events;
    const entityIds = new Set<string>();
    try {
      const [earliest = 0, latest = 0] = await log.admin.listOffsets([
        { topic, partition, at: 'earliest' },
        { topic, partition, at: 'latest' },
      ]);
      const range = { partition, earliest: Math.max(earliest, latest - limits.warmUpEventsMax) };
      await this.#visitBackwards({ ...range, latest }, isWorthwhile, (found) => {
        for (const entityId of found) entityIds.add(entityId);
      });
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
    }
    return [...entityIds];
  }

  /** Reads chunk after chunk, from the end on, until all or enough is read; each chunk's entities newest first. */
  async #visitBackwards(
    range: { readonly partition: number; readonly earliest: number; readonly latest: number },
    isWorthwhile: () => boolean,
    visit: (entityIds: readonly string[]) => void,
  ): Promise<void> {
    const { limits, log, topics } = this.#options;
    const { topic, topicId } = topics.get(topics.names.events);
    const { partition, earliest } = range;
    const read = { bytes: 0 };
    let offsetUntil = range.latest;
    for (let count = CHUNK_OFFSETS_FIRST; offsetUntil > earliest && isWorthwhile(); count *= 2) {
      const offsetFrom = Math.max(earliest, offsetUntil - count);
      const found: string[] = [];
      await log.readRange({
        ...{ topic, topicId, partition, offsetFrom, offsetUntil },
        visit: (record) => {
          read.bytes += record.value?.byteLength ?? 0;
          const event = decodeEventRecord(record);
          if (event !== undefined) found.push(event.entityId);
        },
      });
      visit(found.toReversed());
      if (read.bytes >= limits.warmUpBytesMax) return;
      offsetUntil = offsetFrom;
    }
  }
}
