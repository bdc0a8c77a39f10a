/**
 * The partition where an entity lives: `murmur2(utf8(key)) & 0x7fffffff mod partitionCount`, the default of Kafka's Java client
 * (org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c), so that records keyed by any Kafka client with that partitioner arrive at home.
 */
export function homePartition(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

/** Austin Appleby's MurmurHash2, 32 bits, as Kafka's Java client computes it. Returns a signed 32-bit integer. */
export function murmur2(data: Uint8Array): number {
  const length = data.byteLength;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let block = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
    block = Math.imul(block, MULTIPLIER);
    block ^= block >>> 24;
    block = Math.imul(block, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ block;
  }
  const rest = length - at;
  if (rest >= 3) hash ^= data[at + 2]! << 16;
  if (rest >= 2) hash ^= data[at + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data[at]!, MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

const SEED = 0x9747b28c | 0;
const MULTIPLIER = 0x5bd1e995;
