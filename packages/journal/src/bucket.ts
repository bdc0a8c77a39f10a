/**
 * Events of an entity that share one bucket, a partition of Cassandra's. Part of the stored keys:
 * changing it makes another schema.
 *
 * 1,000 chat messages of 200 bytes are 200 kB, 1,000 with the largest body, 64 KiB, are 64 MB, and
 * Cassandra's partitions become slow above about 100 MB. The 1,000 latest messages, the most that
 * anybody asks for at once, lie in two buckets.
 */
export const EVENTS_PER_BUCKET = 1_000;

/** The last seq: a bucket's number has 31 bits in the stores. */
export const SEQ_MAX = EVENTS_PER_BUCKET * 2 ** 31 - 1;

/** The bucket of an event: 0 for seq 0 to 999, 1 for 1,000 to 1,999, and so on; of seq alone. */
export function bucketOf(seq: number): number {
  return Math.floor(seq / EVENTS_PER_BUCKET);
}

/** The first seq of a bucket. The bucket ends before the first seq of the next one. */
export function bucketStart(bucket: number): number {
  return bucket * EVENTS_PER_BUCKET;
}
