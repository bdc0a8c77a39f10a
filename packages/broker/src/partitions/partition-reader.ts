import { DamagedLog } from '../segments/damaged-log.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import type { LogState } from './log-state.ts';
import type { AbortedTransaction } from './transaction-index.ts';

export type ReadRequest = {
  readonly offset: number;
  /** 0: only a look at the offsets. */
  readonly maxBytes: number;
  /** Whether nothing is given if the first batch alone is larger than `maxBytes`; else that batch is. */
  readonly isExact: boolean;
  readonly isReadCommitted: boolean;
};

/** Batches as a fetch serves them, and how far the partition had come when they were read. */
export type ReadResult = {
  readonly errorCode: ErrorCode;
  /** Whole batches in order; they belong to the partition and must not be changed. */
  readonly chunks: readonly Uint8Array[];
  readonly sizeBytes: number;
  /** Whether there is more for this reader behind the batches. */
  readonly isCut: boolean;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** The aborted transactions that overlap the batches; empty for read_uncommitted. */
  readonly aborted: readonly AbortedTransaction[];
};

/** Serves one partition's readers: the newest batches from memory, older ones from the segments. */
export class PartitionReader {
  readonly #log: LogState;
  readonly #store: PartitionStore | null;
  readonly #onDamage: (reason: string) => void;

  constructor(of: {
    log: LogState;
    store: PartitionStore | null;
    /** Told when the segments turn out to be damaged. */
    onDamage: (reason: string) => void;
  }) {
    this.#log = of.log;
    this.#store = of.store;
    this.#onDamage = of.onDamage;
  }

  /** Reads from memory at once, from the segments with a promise. Never rejects: a fault is an error code. */
  read(request: ReadRequest): ReadResult | Promise<ReadResult> {
    const { offset, maxBytes, isReadCommitted } = request;
    const { logStart, highWatermark, lastStableOffset, logEnd, tail } = this.#log;
    if (offset < logStart || offset > highWatermark) {
      return this.error(ErrorCode.OFFSET_OUT_OF_RANGE);
    }
    const endOffset = isReadCommitted ? lastStableOffset : highWatermark;
    if (offset >= endOffset || maxBytes <= 0) return this.#result([], request, offset);
    if (this.#store !== null && offset < (tail.startOffset ?? logEnd)) {
      return this.#readSegments(this.#store, request, endOffset);
    }
    const batches = tail.read({ offset, endOffset, maxBytes });
    const chunks = batches.map((batch) => batch.bytes);
    return this.#result(chunks, request, (batches.at(-1)?.lastOffset ?? offset - 1) + 1);
  }

  /** The first batch that ends below `endOffset` and whose latest time is `timestampMs` or later. */
  async findTimestamp(timestampMs: number, endOffset: number): Promise<RecordBatch | null> {
    const { logStart } = this.#log;
    const stored = (await this.#store?.findTimestamp(timestampMs, logStart)) ?? null;
    if (stored !== null) return stored.lastOffset < endOffset ? stored : null;
    const batch = this.#log.tail.findTimestamp({ timestampMs, offset: logStart, endOffset });
    return batch === null ? null : new RecordBatch(batch.bytes);
  }

  /** The latest record time below `endOffset`, or -1 when there is none. */
  async maxTimestampMs(endOffset: number): Promise<number> {
    const stored = (await this.#store?.maxTimestampMs()) ?? -1;
    return Math.max(stored, this.#log.tail.maxTimestampMs(endOffset));
  }

  async #readSegments(
    store: PartitionStore,
    request: ReadRequest,
    endOffset: number,
  ): Promise<ReadResult> {
    const { offset, maxBytes } = request;
    try {
      const read = await store.read({ offset, endOffset, maxBytes });
      if (this.#log.logStart > offset) return this.error(ErrorCode.OFFSET_OUT_OF_RANGE);
      if (read === null) return this.#result([], request, offset);
      return this.#result([read.bytes], request, read.endOffset);
    } catch (error) {
      // The segment may have been deleted while it was read.
      if (this.#log.logStart > offset) return this.error(ErrorCode.OFFSET_OUT_OF_RANGE);
      if (error instanceof DamagedLog) this.#onDamage(error.message);
      return this.error(ErrorCode.KAFKA_STORAGE_ERROR);
    }
  }

  #result(chunks: readonly Uint8Array[], request: ReadRequest, endOffset: number): ReadResult {
    const { offset, maxBytes, isReadCommitted, isExact } = request;
    const progress = this.#progress();
    const limit = isReadCommitted ? progress.lastStableOffset : progress.highWatermark;
    let sizeBytes = 0;
    for (const chunk of chunks) sizeBytes += chunk.byteLength;
    if (isExact && sizeBytes > 0 && sizeBytes > maxBytes) return this.#result([], request, offset);
    const aborted =
      isReadCommitted && sizeBytes > 0
        ? this.#log.transactions.abortedWithin(offset, endOffset)
        : [];
    const isCut = endOffset < limit;
    return { ...progress, errorCode: ErrorCode.NONE, chunks, sizeBytes, isCut, aborted };
  }

  /** An answer without batches. */
  error(errorCode: ErrorCode): ReadResult {
    return { ...this.#progress(), errorCode, chunks: [], sizeBytes: 0, isCut: false, aborted: [] };
  }

  #progress() {
    const { highWatermark, lastStableOffset, logStart: logStartOffset } = this.#log;
    return { highWatermark, lastStableOffset, logStartOffset };
  }
}
