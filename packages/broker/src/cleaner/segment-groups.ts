import type { ClosedSegment } from '../segments/segmented-log.ts';

/** Relative offsets of a segment are kept in 32 bits. */
const OFFSETS_PER_SEGMENT_MAX = 2 ** 31;

/** Cuts the segments into runs that become one segment each: as many neighbours as are within `segmentBytesMax` together. */
export function groupSegments(
  segments: readonly ClosedSegment[],
  segmentBytesMax: number,
): ClosedSegment[][] {
  const groups: ClosedSegment[][] = [];
  let sizeBytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    const first = group?.[0];
    const fits =
      first !== undefined &&
      sizeBytes + segment.sizeBytes <= segmentBytesMax &&
      segment.endOffset - first.baseOffset < OFFSETS_PER_SEGMENT_MAX;
    if (fits) {
      group?.push(segment);
      sizeBytes += segment.sizeBytes;
    } else {
      groups.push([segment]);
      sizeBytes = segment.sizeBytes;
    }
  }
  return groups;
}
