/**
 * Log compaction of one partition. What it promises:
 *
 * 1. Offsets never change. What stays keeps its offset, and a batch its first and last offset, producer, epoch and sequence.
 * 2. A reader who goes from the start of the log to its end gets the last committed record of each key, before, while and
 *    after it is cleaned, and after a crash at any point.
 * 3. A tombstone stays until no older record of its key is left, and then for `delete.retention.ms`.
 * 4. A record that was aborted is never given to a reader of committed records: its transaction is told of until none of its
 *    records is left, and its marker stays longer than both.
 * 5. A marker stays until no record of its transaction is left, and then for `delete.retention.ms`.
 * 6. Nothing at or above the last stable offset is touched, and no segment that still grows.
 * 7. Of a producer that is remembered, the header of the last batch stays.
 * 8. A file is removed only when the last checkpoint names its successor: a start finds all old segments or the new one.
 * 9. Memory is bounded: the offset map by `log.cleaner.dedupe.buffer.size`; besides it one block and one batch are held.
 */
import type { PartitionCleaning } from '../partitions/partition-cleaning.ts';
import type { ClosedSegment, SegmentRewrite } from '../segments/segmented-log.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import { AbortedRecords } from './aborted-records.ts';
import { BatchCleaner } from './batch-cleaner.ts';
import type { Dirtiness } from './dirtiness.ts';
import { mapDirtyKeys } from './dirty-keys.ts';
import { OffsetMap } from './offset-map.ts';
import { groupSegments } from './segment-groups.ts';
import { CleaningInterrupted, type WorkSlices } from './work-slices.ts';

/** What is left of the batches is written in pieces of this size. */
const WRITE_BYTES = 1024 * 1024;

/**
 * Cleans what `dirtiness` names, as much as the offset map takes.
 *
 * @throws (rejects) CleaningInterrupted and SegmentRemoved when it is to be begun anew later; DiskError, DamagedLog,
 *   MalformedMessage and TooManyKeys when something is wrong. What was replaced before stays so.
 */
export async function cleanPartition(
  partition: PartitionCleaning,
  {
    dirtiness,
    mapBytesMax,
    nowMs,
    slices,
  }: { dirtiness: Dirtiness; mapBytesMax: number; nowMs: number; slices: WorkSlices },
): Promise<void> {
  const { aborted, limits } = partition;
  const { segments, firstDirtyOffset } = dirtiness;
  const map = new OffsetMap({ bytesMax: mapBytesMax });
  const dirty = segments.filter((segment) => segment.endOffset > firstDirtyOffset);
  const mapEndOffset = await mapDirtyKeys(dirty, {
    ...{ firstDirtyOffset, map, slices },
    aborted: new AbortedRecords(aborted),
  });
  const cleaner = new BatchCleaner({
    ...{ map, mapEndOffset, nowMs, slices },
    aborted: new AbortedRecords(aborted),
    lastBatches: partition.lastBatches(),
    deleteRetentionMs: limits.deleteRetentionMs,
  });
  const cleaned = segments.filter((segment) => segment.baseOffset < mapEndOffset);
  for (const group of groupSegments(cleaned, limits.segmentBytesMax)) {
    await cleanGroup(partition, { group, cleaner, slices });
  }
  partition.markClean(mapEndOffset);
}

/** Writes what is left of some neighbours into one segment and puts it in their place. */
async function cleanGroup(
  partition: PartitionCleaning,
  {
    group,
    cleaner,
    slices,
  }: { group: readonly ClosedSegment[]; cleaner: BatchCleaner; slices: WorkSlices },
): Promise<void> {
  slices.check();
  const rewrite = await partition.segments.rewrite(group);
  try {
    const isChanged = await writeGroup(rewrite, { group, cleaner, slices });
    slices.check();
    if (!isChanged && group.length === 1) {
      await rewrite.discard();
      return;
    }
    if (!(await rewrite.commit())) throw new CleaningInterrupted('a segment has been deleted');
  } catch (error) {
    await rewrite.discard().catch(() => {}); // the next attempt, or the next start, removes it
    throw error;
  }
  partition.markChanged();
}

/** @returns whether anything is not as it was */
async function writeGroup(
  rewrite: SegmentRewrite,
  {
    group,
    cleaner,
    slices,
  }: { group: readonly ClosedSegment[]; cleaner: BatchCleaner; slices: WorkSlices },
): Promise<boolean> {
  let isChanged = false;
  let pending: RecordBatch[] = [];
  let pendingBytes = 0;
  const write = async (): Promise<void> => {
    await rewrite.append(pending);
    pending = [];
    pendingBytes = 0;
  };
  for (const segment of group) {
    for await (const batch of segment.batches()) {
      const left = await cleaner.clean(batch);
      isChanged ||= left !== batch;
      const pause = slices.spend(batch.sizeBytes);
      if (pause !== null) await pause;
      if (left === null) continue;
      // A batch that stays as it is shares a large block with its neighbours.
      pending.push(left === batch ? new RecordBatch(Buffer.from(left.bytes)) : left);
      pendingBytes += left.sizeBytes;
      if (pendingBytes >= WRITE_BYTES) await write();
    }
  }
  if (pending.length > 0) await write();
  return isChanged;
}
