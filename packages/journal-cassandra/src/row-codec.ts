import type { types } from 'cassandra-driver';
import { bucketOf, type JournalRow } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';
import { writeInt64 } from './int64.ts';

/** The values of a row, in the order of the statement that inserts it; bytes as Cassandra has them. */
export type RowValues = readonly Buffer[];

/** A row as the driver gives it. */
export type StoredRow = {
  readonly entity_id: string;
  readonly seq: bigint;
  readonly event: string;
  readonly time: Date;
  readonly source: types.Tuple;
};

/** What a row adds to the size of a batch, beside its event: what Cassandra counts, rounded up. */
export const ROW_OVERHEAD_BYTES = 200;

/**
 * Makes the values of rows of one entity type. They are bytes already: the driver passes on what is
 * a Buffer, so that the event, which is UTF-8, is never made a string.
 */
export class RowEncoder {
  readonly #entityType: Buffer;
  #topicIdLast = '';
  #topicIdBytes = Buffer.alloc(0);

  constructor(entityType: string) {
    this.#entityType = Buffer.from(entityType);
  }

  /**
   * One block holds all numbers of a row:
   *
   *     bucket: int, seq: bigint, time: timestamp,
   *     source: tuple of length-prefixed topic id: text, partition: int, offset: bigint
   */
  encode(row: JournalRow): RowValues {
    const { topicId, partition, offset } = row.source;
    if (topicId !== this.#topicIdLast) {
      this.#topicIdLast = topicId;
      this.#topicIdBytes = Buffer.from(topicId);
    }
    const block = Buffer.allocUnsafe(4 + 8 + 8 + 4 + this.#topicIdBytes.length + 4 + 4 + 4 + 8);
    const bucketEnd = block.writeInt32BE(bucketOf(row.seq), 0);
    const seqEnd = writeInt64(block, row.seq, bucketEnd);
    const timeEnd = writeInt64(block, row.timestampMs, seqEnd);
    let position = block.writeInt32BE(this.#topicIdBytes.length, timeEnd);
    block.set(this.#topicIdBytes, position);
    position = block.writeInt32BE(4, position + this.#topicIdBytes.length);
    position = block.writeInt32BE(partition, position);
    position = block.writeInt32BE(8, position);
    position = writeInt64(block, offset, position);
    assert(position === block.length, 'A row fills its block.');
    return [
      this.#entityType,
      Buffer.from(row.entityId),
      block.subarray(0, bucketEnd),
      block.subarray(bucketEnd, seqEnd),
      asBuffer(row.event),
      block.subarray(seqEnd, timeEnd),
      block.subarray(timeEnd),
    ];
  }
}

export function decodeRow(stored: StoredRow): JournalRow {
  const [topicId, partition, offset] = stored.source.values() as [string, number, bigint];
  return {
    entityId: stored.entity_id,
    seq: Number(stored.seq),
    event: Buffer.from(stored.event),
    timestampMs: stored.time.getTime(),
    source: { topicId, partition, offset: Number(offset) },
  };
}

/** The same memory as a Buffer, which is what the driver knows. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
