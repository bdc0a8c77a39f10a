import type { ClosedSegment } from '../segments/segmented-log.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { readRecords } from '../wire/records.ts';
import type { AbortedRecords } from './aborted-records.ts';
import type { OffsetMap } from './offset-map.ts';
import type { WorkSlices } from './work-slices.ts';

/** The keys of one batch alone are more than the offset map takes. */
class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys';
  readonly code = 'TOO_MANY_KEYS';
}

/**
 * Enters the keys of the segments from `firstDirtyOffset` on into `map`: what is committed and has a key. As many whole
 * segments as fit; of the first one, if that alone does not fit, as many batches.
 *
 * @returns where it ended: no key below it is missing
 * @throws (rejects) TooManyKeys, DamagedLog, MalformedMessage, CleaningInterrupted
 */
export async function mapDirtyKeys(
  segments: readonly ClosedSegment[],
  of: {
    firstDirtyOffset: number;
    aborted: AbortedRecords;
    map: OffsetMap;
    slices: WorkSlices;
  },
): Promise<number> {
  let endOffset = of.firstDirtyOffset;
  for (const segment of segments) {
    for await (const batch of segment.batches(of.firstDirtyOffset)) {
      if (await mapKeys(batch, of)) continue;
      if (endOffset > of.firstDirtyOffset) return endOffset;
      if (batch.baseOffset > of.firstDirtyOffset) return batch.baseOffset;
      throw new TooManyKeys(
        `the keys of the batch at offset ${batch.baseOffset} do not fit log.cleaner.dedupe.buffer.size`,
      );
    }
    endOffset = segment.endOffset;
  }
  return endOffset;
}

/** False: the map is full. */
async function mapKeys(
  batch: RecordBatch,
  { aborted, map, slices }: { aborted: AbortedRecords; map: OffsetMap; slices: WorkSlices },
): Promise<boolean> {
  if (batch.isControl || aborted.has(batch)) return true;
  for (const { key, offset, bytes } of readRecords(batch)) {
    if (key !== null && !map.put(key, offset)) return false;
    const pause = slices.spend(bytes.byteLength);
    if (pause !== null) await pause;
  }
  return true;
}
