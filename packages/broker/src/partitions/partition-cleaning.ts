import type { PartitionStore } from '../segments/partition-store.ts';
import type { SegmentedLog } from '../segments/segmented-log.ts';
import type { TopicLimits } from '../topics/topic-config.ts';
import type { LogState } from './log-state.ts';
import type { MemorySegments } from './memory-segments.ts';
import type { AbortedTransaction } from './transaction-index.ts';

/** The last that a producer wrote, of what the partition remembers it by. */
export type LastBatch = {
  readonly epoch: number;
  /** Of its last batch of records; null when a marker came after an epoch was raised. */
  readonly baseOffset: number | null;
};

/** A partition as the cleaner sees it. */
export class PartitionCleaning {
  /** As Kafka prints it: topic-partition. */
  readonly name: string;
  readonly segments: SegmentedLog;
  readonly #log: LogState;
  readonly #hasFiles: boolean;
  readonly #limits: () => TopicLimits;
  readonly #isUsable: () => boolean;
  readonly #onChanged: () => void;
  #running: Promise<unknown> = Promise.resolve();

  constructor(of: {
    name: string;
    limits: () => TopicLimits;
    log: LogState;
    /** In files, or in memory. */
    segments: PartitionStore | MemorySegments;
    hasFiles: boolean;
    /** Whether the partition serves and exists. */
    isUsable: () => boolean;
    /** Called when there is something new for the next checkpoint. */
    onChanged: () => void;
  }) {
    this.name = of.name;
    this.segments = of.segments;
    this.#hasFiles = of.hasFiles;
    this.#log = of.log;
    this.#limits = of.limits;
    this.#isUsable = of.isUsable;
    this.#onChanged = of.onChanged;
  }

  get limits(): TopicLimits {
    return this.#limits();
  }
  get isUsable(): boolean {
    return this.#isUsable();
  }
  get logStartOffset(): number {
    return this.#log.logStart;
  }
  get lastStableOffset(): number {
    return this.#log.lastStableOffset;
  }
  /** The transactions that were aborted, by the offset of their marker. */
  get aborted(): readonly AbortedTransaction[] {
    return this.#log.transactions.aborted;
  }

  /** By producer id. */
  lastBatches(): ReadonlyMap<number, LastBatch> {
    const last = new Map<number, LastBatch>();
    for (const [producerId, { epoch, batches }] of this.#log.producers.entries()) {
      last.set(producerId, { epoch, baseOffset: batches.at(-1)?.baseOffset ?? null });
    }
    return last;
  }

  /** Some segments have been replaced. */
  markChanged(): void {
    this.#onChanged();
  }

  /** Everything below `offset` has been cleaned: no aborted record is left there, and the memory is not to serve any. */
  markClean(offset: number): void {
    this.segments.markClean(offset);
    if (this.#hasFiles) this.#log.tail.dropBelow(offset);
    this.#log.forgetAborted(offset);
    this.#onChanged();
  }

  /** Runs `work`, which writes files. */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    const running = work();
    this.#running = running.catch(() => {});
    return running;
  }

  /** Resolved when no file is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }
}
