import { assert, sleep, type Clock, type Timers } from '@chat-cluster/kernel';
import type {
  Generation,
  OffsetCommit,
  Transaction,
  TransactionalProducer,
  TransactionResult,
} from '@chat-cluster/log';
import type { EngineLimits } from '../engine-limits.ts';
import type { Counters } from '../management/counters.ts';
import type { Report } from '../management/report.ts';
import { encodeCommittedMetadata } from '../partition/committed-metadata.ts';
import type { Tenure } from '../partition/tenure.ts';
import type { DecidedPart, PartitionWrites } from './decided-part.ts';

/** What the loop needs of a shard. */
export interface PartSource {
  readonly tenure: Tenure;
  readonly decisions: {
    readonly hasAny: boolean;
    peek(): DecidedPart | undefined;
    shift(): DecidedPart | undefined;
  };
  committed(part: DecidedPart, baseOffset: number): void;
}

type TakenPart = { readonly source: PartSource; readonly part: DecidedPart };

export type TransactionLoopOptions = {
  readonly producer: TransactionalProducer;
  readonly groupId: string;
  readonly eventTopic: string;
  readonly limits: EngineLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: Report;
  readonly counters: Counters;
  /** The shards that may have parts. */
  readonly sources: () => Iterable<PartSource>;
  /** Of all that is decided and not committed. */
  readonly decidedBytes: () => number;
  /** Whether the inputs hold so much that a larger transaction is better than an early one. */
  readonly isBehind: () => boolean;
  /** The generation to commit with, undefined while there is none. */
  readonly generation: () => Generation | undefined;
  /** Parts were committed, or dropped with their shard: there is room, and who waits for a drain may look. */
  readonly onSettled: (parts: readonly DecidedPart[]) => void;
  /** These parts will never commit: too large, or refused by the log. Their shards must be stopped. */
  readonly onRefused: (source: PartSource, message: string) => void;
  /** The transactional id was taken: drop everything. The loop has ended. */
  readonly onFenced: (message: string) => void;
  /** A programmer's error, or the producer was closed under it. The loop has ended. */
  readonly onFailed: (error: Error) => void;
};

const UNAVAILABLE_BACKOFF_MS = 20;

/**
 * Commits parts, one transaction after the other; while one is in flight, the next parts are decided. What was aborted is sent again before anything newer, as long as its tenures last (promises 1 and 4):
 *
 *     idle ── parts ──▶ in flight ── committed ──▶ idle
 *                        │    ▲
 *                 aborted│    │ again, less the parts of tenures that ended
 *                        ▼    │
 *                       waiting (for a generation, or a while)
 *     fenced: ended, from anywhere
 *
 * After a transaction was begun it may stay idle for a moment, longer while the inputs hold much that is not decided, so that the next one carries more.
 */
export class TransactionLoop {
  readonly #options: TransactionLoopOptions;
  /** What the transaction under way carries; kept until it has committed. */
  #parts: TakenPart[] = [];
  /** Parts of a refused transaction that wait for their own try, before anything newer is taken. */
  #suspects: TakenPart[] = [];
  #abort: AbortController | undefined;
  #running = false;
  #ended = false;
  #rotation = 0;
  #idle: { readonly resolve: () => void }[] = [];
  #wake: (() => void) | undefined;
  #begunMs = Number.NEGATIVE_INFINITY;

  constructor(options: TransactionLoopOptions) {
    this.#options = options;
  }

  /** Something was decided, or there is a generation again. */
  kick(): void {
    this.#wake?.();
    if (this.#running || this.#ended) return;
    this.#running = true;
    void this.#run();
  }

  /** Whether anything of this tenure is in the transaction under way, or waits for its own try. */
  holds(tenure: Tenure): boolean {
    return [...this.#parts, ...this.#suspects].some(({ source }) => source.tenure === tenure);
  }

  /** After the tenure has ended: aborts the transaction that holds anything of it; resolves when none does. */
  async release(tenure: Tenure): Promise<void> {
    assert(!tenure.lasts, 'Parts are taken back when the tenure is over.');
    while (this.holds(tenure) && !this.#ended) {
      this.#abort?.abort();
      this.#wake?.();
      await new Promise<void>((resolve) => this.#idle.push({ resolve }));
    }
  }

  /** Ends the loop without committing anything further; resolves when no transaction is under way. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#abort?.abort();
    this.#wake?.();
    while (this.#running) await new Promise<void>((resolve) => this.#idle.push({ resolve }));
  }

  async #run(): Promise<void> {
    try {
      await this.#commitAll();
    } catch (error) {
      const isTold = this.#ended; // its producer was closed meanwhile
      this.#ended = true;
      const failure = error instanceof Error ? error : new Error(String(error));
      if (!isTold) this.#options.onFailed(failure);
    }
    if (this.#ended) this.#drop(() => true);
    this.#running = false;
    this.#wakeIdle();
  }

  async #commitAll(): Promise<void> {
    while (!this.#ended) {
      if (this.#parts.length === 0) {
        const gatherMs = this.#gatherMs();
        if (gatherMs > 0) {
          await this.#pause(gatherMs);
          continue;
        }
        this.#collect();
      }
      if (this.#parts.length === 0) return;
      const generation = this.#options.generation();
      if (generation === undefined) await this.#waitForGeneration();
      else await this.#commit(generation);
      this.#dropEnded();
      this.#wakeIdle();
    }
  }

  async #commit(generation: Generation): Promise<void> {
    for (const { source } of this.#parts) {
      assert(
        source.tenure.isConfirmedBy(generation.generationId),
        'Offsets are committed only with a generation that confirms the tenure (promise 4).',
      );
    }
    const parts = this.#parts;
    const transaction = this.#transactionOf(parts, generation);
    this.#abort = new AbortController();
    this.#begunMs = this.#options.clock.monotonicMs();
    const result = await this.#options.producer.commit(transaction, this.#abort.signal);
    this.#abort = undefined;
    await this.#settle(parts, transaction, result);
  }

  async #settle(
    parts: readonly TakenPart[],
    transaction: Transaction,
    result: TransactionResult,
  ): Promise<void> {
    const { counters, onFenced, report, timers } = this.#options;
    if (result.outcome === 'committed') {
      this.#parts = [];
      counters.transactionsCommitted += 1;
      this.#committed(parts, transaction, result.baseOffsets);
      return;
    }
    if (result.outcome === 'fenced') {
      this.#ended = true;
      onFenced(result.message);
      return;
    }
    counters.transactionsAborted += 1;
    this.#dropEnded(); // a shard that is no longer ours is not judged
    if (result.reason === 'requested') return;
    report('warn', 'A transaction was aborted.', {
      reason: result.reason,
      message: result.message,
    });
    if (result.reason === 'too-large' || result.reason === 'refused') this.#isolate(result.message);
    else if (result.reason === 'unavailable') await sleep(timers, UNAVAILABLE_BACKOFF_MS);
    else await this.#waitForGeneration();
  }

  #committed(
    parts: readonly TakenPart[],
    transaction: Transaction,
    baseOffsets: readonly number[],
  ): void {
    const offsetsNext = new Map<number, number>();
    transaction.writes.forEach((write, index) => {
      if (write.topic !== this.#options.eventTopic) return;
      offsetsNext.set(write.partition, baseOffsets[index] ?? -1);
    });
    for (const { source, part } of parts) {
      const baseOffset = offsetsNext.get(part.partition) ?? -1;
      offsetsNext.set(part.partition, baseOffset + part.events.length);
      if (source.tenure.lasts) source.committed(part, baseOffset);
    }
    this.#options.onSettled(parts.map(({ part }) => part));
  }

  /** The log refuses what these parts carry. One of them alone is the culprit: it is stopped; several are tried one by one. */
  #isolate(message: string): void {
    const [first, ...others] = this.#parts;
    if (first === undefined) return;
    if (others.every(({ source }) => source === first.source)) {
      this.#options.onRefused(first.source, message);
      return;
    }
    this.#suspects = [...others, ...this.#suspects];
    this.#parts = [first];
  }

  /** How long decisions may gather yet; 0 or less when they may not. */
  #gatherMs(): number {
    const { clock, decidedBytes, isBehind, limits } = this.#options;
    if (decidedBytes() >= limits.transactionBytesMax) return 0;
    const gatherMs = isBehind() ? limits.transactionGatherBehindMs : limits.transactionGatherMs;
    return this.#begunMs + gatherMs - clock.monotonicMs();
  }

  /** Takes parts of all shards in turn, each shard's in order, until the transaction is full. */
  #collect(): void {
    const suspect = this.#suspects.shift();
    if (suspect !== undefined) {
      this.#parts = [suspect];
      return;
    }
    const sources = [...this.#options.sources()].filter(
      ({ tenure, decisions }) => tenure.lasts && decisions.hasAny,
    );
    const room = new Room(this.#options.limits);
    for (let step = 0; step < sources.length; step++) {
      const source = sources[(this.#rotation + step) % sources.length];
      if (source === undefined) continue;
      const { decisions } = source;
      for (
        let part = decisions.peek();
        part !== undefined && room.takes(part);
        part = decisions.peek()
      ) {
        decisions.shift();
        this.#parts.push({ source, part });
      }
    }
    this.#rotation += 1;
  }

  #transactionOf(parts: readonly TakenPart[], generation: Generation): Transaction {
    const writes = new Map<
      string,
      {
        topic: string;
        partition: number;
        records: PartitionWrites['records'];
        sizeBytesMax: number;
      }
    >();
    const offsets = new Map<string, OffsetCommit>();
    for (const { part } of parts) {
      for (const { topic, partition, records, sizeBytes } of part.writes) {
        const key = `${topic}/${partition}`;
        const known = writes.get(key);
        if (known === undefined) {
          writes.set(key, { topic, partition, records: [...records], sizeBytesMax: sizeBytes });
        } else {
          for (const record of records) known.records.push(record);
          known.sizeBytesMax += sizeBytes;
        }
      }
      for (const [topic, { topicId, offsetNext }] of part.offsets) {
        const metadata = encodeCommittedMetadata({ topicId, eventNumber: part.eventNumberLast });
        const commit = { topic, partition: part.partition, offsetNext, metadata };
        offsets.set(`${topic}/${part.partition}`, commit);
      }
    }
    return {
      writes: [...writes.values()],
      groupId: this.#options.groupId,
      generation,
      offsets: [...offsets.values()],
    };
  }

  /** The parts of tenures that ended while the transaction was under way are nobody's now. */
  #dropEnded(): void {
    this.#drop(({ source }) => !source.tenure.lasts);
  }

  #drop(isDropped: (taken: TakenPart) => boolean): void {
    const dropped = [...this.#parts, ...this.#suspects].filter((taken) => isDropped(taken));
    if (dropped.length === 0) return;
    this.#parts = this.#parts.filter((taken) => !isDropped(taken));
    this.#suspects = this.#suspects.filter((taken) => !isDropped(taken));
    this.#options.onSettled(dropped.map(({ part }) => part));
  }

  #waitForGeneration(): Promise<void> {
    return this.#pause(GENERATION_POLL_MS);
  }

  /** Until there is a kick, or the time is over. */
  #pause(timeMaxMs: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: (() => void) | undefined = undefined;
      const done = (): void => {
        this.#wake = undefined;
        cancel?.();
        resolve();
      };
      this.#wake = done;
      cancel = this.#options.timers.after(timeMaxMs, done);
    });
  }

  #wakeIdle(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const { resolve } of waiting) resolve();
  }
}

/** A generation usually comes with a kick; this is for the case that it was there already. */
const GENERATION_POLL_MS = 20;

/** What still fits in a transaction. */
class Room {
  readonly #bytes = new Map<string, number>();
  readonly #limits: EngineLimits;
  #bytesLeft: number;

  constructor(limits: EngineLimits) {
    this.#limits = limits;
    this.#bytesLeft = limits.transactionBytesMax;
  }

  /** Whether the part fits beside those taken before; if so, it is counted. The first one always does. */
  takes(part: DecidedPart): boolean {
    const isFirst = this.#bytesLeft === this.#limits.transactionBytesMax;
    if (!isFirst && part.sizeBytes > this.#bytesLeft) return false;
    const fits = part.writes.every(
      ({ topic, partition, sizeBytes }) =>
        (this.#bytes.get(`${topic}/${partition}`) ?? 0) + sizeBytes <=
        this.#limits.partitionBatchBytesMax,
    );
    if (!fits) return false;
    for (const { topic, partition, sizeBytes } of part.writes) {
      const key = `${topic}/${partition}`;
      this.#bytes.set(key, (this.#bytes.get(key) ?? 0) + sizeBytes);
    }
    this.#bytesLeft -= Math.max(1, part.sizeBytes);
    return true;
  }
}
