/**
 * What one batch holds at most. A request costs as much as some rows; beyond this size it no longer shows
 * (docs/decisions/0004-journal-layout.md). More would be more writes at once than a slow Cassandra does in time.
 */
const BATCH_ROWS_MAX = 64;

/** The items in their order, in batches of at most `BATCH_ROWS_MAX` of them and `bytesMax` bytes, or of one item. */
export function toBatches<Item>(
  items: readonly Item[],
  bytesMax: number,
  sizeBytesOf: (item: Item) => number,
): readonly (readonly Item[])[] {
  const batches: Item[][] = [];
  let current: Item[] = [];
  let currentBytes = 0;
  for (const item of items) {
    const sizeBytes = sizeBytesOf(item);
    const isFull = current.length >= BATCH_ROWS_MAX || currentBytes + sizeBytes > bytesMax;
    if (current.length === 0 || isFull) {
      current = [];
      currentBytes = 0;
      batches.push(current);
    }
    current.push(item);
    currentBytes += sizeBytes;
  }
  return batches;
}
