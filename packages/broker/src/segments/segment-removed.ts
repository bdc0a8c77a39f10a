/** The segment has been removed before it was read: retention, DeleteRecords or the cleaner was quicker. Ask the log anew. */
export class SegmentRemoved extends Error {
  override readonly name = 'SegmentRemoved';
  readonly code = 'SEGMENT_REMOVED';
}
