import { DamagedLog } from '../segments/damaged-log.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import type { LogState } from './log-state.ts';
import { abortedWithin, type AbortedTransaction } from './transaction-index.ts';

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

/** A request, the end of what its reader may see, and the transactions that had been aborted when it came. */
type Read = ReadRequest & {
  readonly endOffset: number;
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
    // The segments may be read as they were before the cleaner took aborted records out of them.
    const { aborted } = this.#log.transactions;
    const read = { ...request, endOffset, aborted };
    if (offset >= endOffset || maxBytes <= 0) return this.#nothing(read, offset);
    if (this.#store !== null && offset < (tail.startOffset ?? logEnd)) {
      return this.#readSegments(this.#store, read);
    }
    return this.#readTail(read);
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

  #readTail(read: Read): ReadResult {
    const batches = this.#log.tail.read(read);
    const last = batches.at(-1);
    if (last === undefined) return this.#nothing(read, read.endOffset);
    const chunks = batches.map((batch) => batch.bytes);
    return this.#result({ read, chunks, endOffset: last.lastOffset + 1 });
  }

  async #readSegments(store: PartitionStore, read: Read): Promise<ReadResult> {
    const { offset } = read;
    const storeEndOffset = store.endOffset;
    try {
      const stored = await store.read(read);
      if (this.#log.logStart > offset) return this.error(ErrorCode.OFFSET_OUT_OF_RANGE);
      if (stored === null) return this.#readBehind(read, storeEndOffset);
      return this.#result({ read, chunks: [stored.bytes], endOffset: stored.endOffset });
    } catch (error) {
      // The segment may have been deleted while it was read.
      if (this.#log.logStart > offset) return this.error(ErrorCode.OFFSET_OUT_OF_RANGE);
      if (error instanceof DamagedLog) this.#onDamage(error.message);
      return this.error(ErrorCode.KAFKA_STORAGE_ERROR);
    }
  }

  /** There is nothing for the reader in the segments, which ended at `storeEndOffset`: the cleaner may have left a gap. */
  #readBehind(read: Read, storeEndOffset: number): ReadResult {
    const { tail, logEnd } = this.#log;
    const isWhole = (tail.startOffset ?? logEnd) <= storeEndOffset;
    return isWhole ? this.#readTail(read) : this.#nothing(read, read.offset);
  }

  /** `chunks` are all that there is between the wanted offset and `endOffset`. */
  #result(found: { read: Read; chunks: readonly Uint8Array[]; endOffset: number }): ReadResult {
    const { read, chunks, endOffset } = found;
    const { offset, maxBytes, isReadCommitted, isExact } = read;
    let sizeBytes = 0;
    for (const chunk of chunks) sizeBytes += chunk.byteLength;
    if (isExact && sizeBytes > maxBytes) return this.#nothing(read, offset);
    const aborted = isReadCommitted ? abortedWithin(read.aborted, { offset, endOffset }) : [];
    const isCut = endOffset < this.#limitOf(read);
    return { ...this.#progress(), errorCode: ErrorCode.NONE, chunks, sizeBytes, isCut, aborted };
  }

  /** An answer to a reader for whom there is nothing below `endOffset`, or nothing that fits. */
  #nothing(read: Read, endOffset: number): ReadResult {
    const isCut = endOffset < this.#limitOf(read);
    return { ...this.error(ErrorCode.NONE), isCut };
  }

  #limitOf({ isReadCommitted }: Read): number {
    return isReadCommitted ? this.#log.lastStableOffset : this.#log.highWatermark;
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
