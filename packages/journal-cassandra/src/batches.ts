/**
 * What one batch holds at most. A request costs as much as some rows; beyond this size it no longer shows
 * (docs/decisions/0004-journal-layout.md).
 */
const BATCH_ROWS_MAX = 64;

/**
 * Cassandra partitions of one batch: the node that has it writes one after the other, and each waits for a sync where
 * Cassandra syncs before it acknowledges.
 */
const BATCH_PARTITIONS_MAX = 16;

/**
 * The items in their order, in batches of at most `BATCH_ROWS_MAX` of them, `BATCH_PARTITIONS_MAX` partitions and
 * `bytesMax` bytes, or of one item. Items of one partition lie together.
 */
export function toBatches<Item>(
  items: readonly Item[],
  options: {
    readonly bytesMax: number;
    readonly sizeBytesOf: (item: Item) => number;
    readonly partitionOf: (item: Item) => string;
  },
): readonly (readonly Item[])[] {
  const { bytesMax, partitionOf, sizeBytesOf } = options;
  const batches: Item[][] = [];
  let current: Item[] = [];
  let bytes = 0;
  let partitionCount = 0;
  let partitionLast: string | undefined;
  for (const item of items) {
    const itemBytes = sizeBytesOf(item);
    const partition = partitionOf(item);
    const isFull =
      current.length >= BATCH_ROWS_MAX ||
      bytes + itemBytes > bytesMax ||
      (partition !== partitionLast && partitionCount >= BATCH_PARTITIONS_MAX);
    if (current.length === 0 || isFull) {
      current = [];
      bytes = 0;
      partitionCount = 0;
      partitionLast = undefined;
      batches.push(current);
    }
    current.push(item);
    bytes += itemBytes;
    if (partition !== partitionLast) partitionCount += 1;
    partitionLast = partition;
  }
  return batches;
}
