import { BATCH_HEADER_BYTES, batchSizeBytes, RecordBatch } from '../wire/record-batch.ts';

/** Whole batches, one after the other, as they are served. */
export type SegmentRead = {
  readonly bytes: Buffer;
  /** The offset after the last batch in `bytes`. */
  readonly endOffset: number;
};

export type Selection =
  | { readonly kind: 'batches'; readonly read: SegmentRead }
  /** Nothing between `offset` and `endOffset`. */
  | { readonly kind: 'none' }
  /** Nothing yet: the block ends before or inside the batch at `at`, which takes `batchBytes` (0: not known). */
  | { readonly kind: 'continue'; readonly at: number; readonly batchBytes: number }
  /** What stands at `at` cannot be the next batch. */
  | { readonly kind: 'damaged'; readonly at: number; readonly batchBytes: number };

/**
 * Picks from a block, which starts with a batch, the batches from the one that holds `offset` (or the first after it)
 * on: those that end below `endOffset` and fit `maxBytes`, and the first one in any case. Batches follow each other
 * without gaps, unless the cleaner has made some.
 */
export function selectBatches(
  block: Buffer,
  {
    offset,
    endOffset,
    maxBytes,
    mayHaveGaps,
  }: { offset: number; endOffset: number; maxBytes: number; mayHaveGaps: boolean },
): Selection {
  let start: number | null = null;
  let at = 0;
  let nextOffset: number | null = null;
  while (at < block.byteLength) {
    const batchBytes = batchSizeBytes(block, at) ?? BATCH_HEADER_BYTES;
    if (batchBytes < BATCH_HEADER_BYTES) return { kind: 'damaged', at, batchBytes };
    if (at + batchBytes > block.byteLength) {
      if (start === null) return { kind: 'continue', at, batchBytes };
      break;
    }
    const batch = new RecordBatch(block.subarray(at, at + batchBytes));
    const { baseOffset, lastOffset } = batch;
    const expected = nextOffset ?? baseOffset;
    const isInPlace = mayHaveGaps ? baseOffset >= expected : baseOffset === expected;
    if (!isInPlace || lastOffset < baseOffset) return { kind: 'damaged', at, batchBytes };
    if (lastOffset >= endOffset) break;
    if (lastOffset >= offset) {
      if (start !== null && at + batchBytes - start > maxBytes) break;
      start ??= at;
    }
    nextOffset = lastOffset + 1;
    at += batchBytes;
  }
  if (start !== null && nextOffset !== null) {
    return {
      kind: 'batches',
      read: { bytes: block.subarray(start, at), endOffset: nextOffset },
    };
  }
  return at < block.byteLength ? { kind: 'none' } : { kind: 'continue', at, batchBytes: 0 };
}
