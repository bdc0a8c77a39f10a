import type { RecordBatch } from '../wire/record-batch.ts';

/** A segment that gets no more batches. */
export interface ClosedSegment {
  readonly baseOffset: number;
  /** Where the next segment starts: the batches here end below it. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** The latest record time, -1 when there is none. */
  maxTimestampMs(): Promise<number>;
  /**
   * The batches from the first that does not end below `offset` on, each checked. The bytes of one are only valid until
   * the next one is asked for.
   *
   * @throws (rejects) DamagedLog
   */
  batches(offset?: number): AsyncIterable<RecordBatch>;
}

/** What shall stand in the place of some neighbouring segments. */
export interface SegmentRewrite {
  /** Takes the next batches. Their bytes must not change afterwards. */
  append(batches: readonly RecordBatch[]): Promise<void>;
  /**
   * Puts it in their place, durably with the next checkpoint: until that, a start finds the old segments.
   *
   * @returns false, and nothing has changed, when one of them has been deleted meanwhile
   */
  commit(): Promise<boolean>;
  /** Throws away what was written. */
  discard(): Promise<void>;
}

/** The log of a partition as the cleaner works on it: in files or in memory. */
export interface SegmentedLog {
  /** Below it, of each key there is one record at most; kept over restarts. */
  readonly firstDirtyOffset: number;
  /** Oldest first. */
  closedSegments(): readonly ClosedSegment[];
  /** Begins a rewrite of neighbours out of `closedSegments`. One at a time. */
  rewrite(segments: readonly ClosedSegment[]): Promise<SegmentRewrite>;
  /** Everything below `offset` has been cleaned. Never goes back. */
  markClean(offset: number): void;
}
