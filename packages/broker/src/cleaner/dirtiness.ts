import type { PartitionCleaning } from '../partitions/partition-cleaning.ts';
import type { ClosedSegment } from '../segments/segmented-log.ts';

/** What of a log can be cleaned, and how much there is to gain. */
export type Dirtiness = {
  /** From the start of the log on: what was cleaned before, and what was not. */
  readonly segments: readonly ClosedSegment[];
  readonly firstDirtyOffset: number;
  /** The part of their bytes that was not cleaned before; 0 when there is none. */
  readonly ratio: number;
  /** Whether it is to be cleaned now. */
  readonly isDue: boolean;
};

/**
 * Looks at a log as Kafka does (LogCleanerManager): only closed segments whose transactions have all ended are cleaned, and
 * none from the first that is younger than `min.compaction.lag.ms`. Cleaning is due when more of them than
 * `min.cleanable.dirty.ratio` is dirty, or when a dirty record is older than `max.compaction.lag.ms`.
 *
 * @throws (rejects) SegmentRemoved, DamagedLog
 */
export async function dirtinessOf(partition: PartitionCleaning, nowMs: number): Promise<Dirtiness> {
  const { limits, lastStableOffset, logStartOffset, segments: log } = partition;
  const firstDirtyOffset = Math.max(log.firstDirtyOffset, logStartOffset);
  const youngestMs = nowMs - limits.compactionLagMinMs;
  const segments: ClosedSegment[] = [];
  let dirtyBytes = 0;
  let sizeBytes = 0;
  for (const segment of log.closedSegments()) {
    const isDirty = segment.endOffset > firstDirtyOffset;
    if (isDirty) {
      if (segment.endOffset > lastStableOffset) break;
      const hasLag = limits.compactionLagMinMs > 0;
      if (hasLag && (await segment.maxTimestampMs()) > youngestMs) break;
      dirtyBytes += segment.sizeBytes;
    }
    sizeBytes += segment.sizeBytes;
    segments.push(segment);
  }
  const ratio = sizeBytes === 0 ? 0 : dirtyBytes / sizeBytes;
  const firstDirty = segments.find((segment) => segment.endOffset > firstDirtyOffset);
  const isDue =
    dirtyBytes > 0 &&
    (ratio > limits.dirtyRatioMin ||
      (await isOlder(firstDirty, { firstDirtyOffset, thanMs: nowMs - limits.compactionLagMaxMs })));
  return { segments, firstDirtyOffset, ratio, isDue };
}

/** Whether the first dirty batch of the segment is older than `thanMs`. */
async function isOlder(
  segment: ClosedSegment | undefined,
  { firstDirtyOffset, thanMs }: { firstDirtyOffset: number; thanMs: number },
): Promise<boolean> {
  if (segment === undefined || thanMs <= 0) return false;
  for await (const batch of segment.batches(firstDirtyOffset)) return batch.maxTimestampMs < thanMs;
  return false;
}
