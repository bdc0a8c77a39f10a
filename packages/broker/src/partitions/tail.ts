import { assert } from '@chat-cluster/kernel';

/** One batch in memory, as it is stored and served. */
export type TailBatch = {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestampMs: number;
  readonly bytes: Buffer;
};

/**
 * The newest batches of a partition, in memory: those that are not in a segment file yet, and some before them, so
 * that readers at the end of the log never wait for a disk.
 */
export class Tail {
  #batches: TailBatch[] = [];
  #sizeBytes = 0;

  /** The offset of the first batch in memory, or null when there is none. */
  get startOffset(): number | null {
    return this.#batches[0]?.baseOffset ?? null;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(batch: TailBatch): void {
    const last = this.#batches.at(-1);
    assert(
      last === undefined || batch.baseOffset > last.lastOffset,
      'Batches enter the tail in the order of their offsets.',
    );
    this.#batches.push(batch);
    this.#sizeBytes += batch.bytes.byteLength;
  }

  /**
   * The batches from the one that holds `offset` on, as far as they end below `endOffset` and fit `maxBytes`; the
   * first one is given even if it alone is larger. Shares memory with the tail.
   */
  read(options: { offset: number; endOffset: number; maxBytes: number }): TailBatch[] {
    const batches: TailBatch[] = [];
    let sizeBytes = 0;
    for (let index = this.#indexOf(options.offset); index < this.#batches.length; index++) {
      const batch = this.#batches[index];
      if (batch === undefined || batch.lastOffset >= options.endOffset) break;
      sizeBytes += batch.bytes.byteLength;
      if (batches.length > 0 && sizeBytes > options.maxBytes) break;
      batches.push(batch);
    }
    return batches;
  }

  /** All batches that end below `endOffset` and do not end below `offset`. */
  between(offset: number, endOffset: number): TailBatch[] {
    return this.read({ offset, endOffset, maxBytes: Infinity });
  }

  /** The first batch of `[offset, endOffset)` whose latest time is `timestampMs` or later. */
  findTimestamp(wanted: {
    timestampMs: number;
    offset: number;
    endOffset: number;
  }): TailBatch | null {
    const candidates = this.between(wanted.offset, wanted.endOffset);
    return candidates.find((batch) => batch.maxTimestampMs >= wanted.timestampMs) ?? null;
  }

  /** The latest time in the batches that end below `endOffset`, or -1. */
  maxTimestampMs(endOffset: number): number {
    let maxTimestampMs = -1;
    for (const batch of this.#batches) {
      if (batch.lastOffset >= endOffset) break;
      maxTimestampMs = Math.max(maxTimestampMs, batch.maxTimestampMs);
    }
    return maxTimestampMs;
  }

  /**
   * The offset below which batches are expired: older than `olderThanMs`, or more than is to be kept in `keepBytes`.
   * For logs in memory only. Null when there is nothing to delete.
   */
  expiredBelow(limits: {
    olderThanMs: number;
    keepBytes: number;
    endOffset: number;
  }): number | null {
    let surplusBytes = this.#sizeBytes - limits.keepBytes;
    let expiredBelow: number | null = null;
    for (const batch of this.#batches) {
      surplusBytes -= batch.bytes.byteLength;
      const isExpired = surplusBytes >= 0 || batch.maxTimestampMs < limits.olderThanMs;
      if (!isExpired || batch.lastOffset >= limits.endOffset) break;
      expiredBelow = batch.lastOffset + 1;
    }
    return expiredBelow;
  }

  /** Puts other batches in the place of those between two offsets. */
  replace(range: { baseOffset: number; endOffset: number; by: readonly TailBatch[] }): void {
    const before = this.#batches.slice(0, this.#indexOf(range.baseOffset));
    const after = this.#batches.slice(this.#indexOf(range.endOffset));
    this.#batches = [...before, ...range.by, ...after];
    this.#sizeBytes = this.#batches.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  }

  /** Drops the batches that end below `offset`. */
  dropBelow(offset: number): void {
    const dropped = this.#batches.splice(0, this.#indexOf(offset));
    for (const batch of dropped) this.#sizeBytes -= batch.bytes.byteLength;
  }

  [Symbol.iterator](): IterableIterator<TailBatch> {
    return this.#batches.values();
  }

  /** The index of the first batch that does not end below `offset`. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const batch = this.#batches[middle];
      if (batch !== undefined && batch.lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
