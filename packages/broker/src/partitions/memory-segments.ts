import { assert } from '@chat-cluster/kernel';
import type { SegmentLimits } from '../segments/partition-store.ts';
import { storedBatch } from '../segments/segment.ts';
import type { ClosedSegment, SegmentedLog, SegmentRewrite } from '../segments/segmented-log.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import type { Tail, TailBatch } from './tail.ts';

/**
 * The segments of a log that is kept in memory: where each would start if it were in files. The batches themselves are
 * in the tail.
 */
export class MemorySegments implements SegmentedLog {
  readonly #tail: Tail;
  /** The first offsets, ascending; the last one is that of the active segment. */
  #baseOffsets: number[] = [];
  #activeBytes = 0;
  #activeSinceMs = 0;
  #firstDirtyOffset = 0;

  constructor(tail: Tail) {
    this.#tail = tail;
  }

  get firstDirtyOffset(): number {
    return this.#firstDirtyOffset;
  }

  /** A batch has been placed at the end of the log: a new segment starts with it when the active one is full or old. */
  add(batch: RecordBatch, { segmentBytesMax, segmentMs }: SegmentLimits, nowMs: number): void {
    const { baseOffset, sizeBytes } = batch;
    const isFull = this.#activeBytes > 0 && this.#activeBytes + sizeBytes > segmentBytesMax;
    const isOld = nowMs - this.#activeSinceMs >= segmentMs;
    if (this.#baseOffsets.length === 0 || isFull || isOld) {
      this.#baseOffsets.push(baseOffset);
      this.#activeBytes = 0;
      this.#activeSinceMs = nowMs;
    }
    this.#activeBytes += sizeBytes;
  }

  closedSegments(): readonly ClosedSegment[] {
    this.#forgetEmpty();
    return this.#baseOffsets.slice(0, -1).map((baseOffset, index) => {
      const endOffset = this.#baseOffsets[index + 1] as number;
      return closedSegment(this.#tail.between(baseOffset, endOffset), { baseOffset, endOffset });
    });
  }

  rewrite(segments: readonly ClosedSegment[]): Promise<SegmentRewrite> {
    const baseOffset = segments[0]?.baseOffset;
    const endOffset = segments.at(-1)?.endOffset;
    assert(baseOffset !== undefined && endOffset !== undefined, 'There is something to rewrite.');
    const by: TailBatch[] = [];
    const [first] = this.#tail.between(baseOffset, endOffset);
    return Promise.resolve({
      append(batches) {
        for (const batch of batches) by.push(storedBatch(batch));
        return Promise.resolve();
      },
      commit: () => {
        // Deleting takes batches from the front.
        const isThere = this.#tail.between(baseOffset, endOffset)[0] === first;
        if (isThere) this.#replace({ baseOffset, endOffset, by });
        return Promise.resolve(isThere);
      },
      discard: () => Promise.resolve(),
    });
  }

  markClean(offset: number): void {
    this.#firstDirtyOffset = Math.max(this.#firstDirtyOffset, offset);
  }

  #replace(range: { baseOffset: number; endOffset: number; by: readonly TailBatch[] }): void {
    const { baseOffset, endOffset, by } = range;
    this.#tail.replace(range);
    this.#baseOffsets = this.#baseOffsets.filter(
      (offset) =>
        offset < baseOffset || offset >= endOffset || (offset === baseOffset && by.length > 0),
    );
  }

  /** Segments whose first batches have been deleted go as a whole, as files do: what is left belongs to the next one. */
  #forgetEmpty(): void {
    const start = this.#tail.startOffset ?? Infinity;
    while (this.#baseOffsets.length > 1 && (this.#baseOffsets[1] as number) <= start) {
      this.#baseOffsets.shift();
    }
  }
}

function closedSegment(
  batches: readonly TailBatch[],
  range: { baseOffset: number; endOffset: number },
): ClosedSegment {
  return {
    ...range,
    sizeBytes: batches.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    maxTimestampMs: () =>
      Promise.resolve(
        batches.reduce((maxMs, { maxTimestampMs }) => Math.max(maxMs, maxTimestampMs), -1),
      ),
    async *batches(offset = range.baseOffset) {
      for (const { bytes, lastOffset } of batches) {
        if (lastOffset >= offset) yield new RecordBatch(bytes);
      }
    },
  };
}
