import type { types } from 'cassandra-driver';
import { bucketOf, type JournalRow } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';
import { writeInt64 } from './int64.ts';
import type { Run } from './runs.ts';

/** The values of a row, in the order of the statement that inserts it; bytes as Cassandra has them. */
export type RunValues = readonly Buffer[];

/** A row as the driver gives it. */
export type StoredRun = {
  readonly entity_id: string;
  readonly seq: bigint;
  readonly events: readonly string[];
  readonly times: readonly bigint[];
  readonly source: types.Tuple;
  readonly offsets: readonly bigint[];
};

/** What a run adds to the size of a batch, and each event in it beside its bytes: what Cassandra counts, rounded up. */
export const RUN_OVERHEAD_BYTES = 220;
export const EVENT_OVERHEAD_BYTES = 28;

/** A list begins with its length, and each of its values with its own. */
const LENGTH_BYTES = 4;
const INT64_BYTES = 8;

/**
 * Makes the values of rows of one entity type. They are bytes already: the driver passes on what is
 * a Buffer, so that an event, which is UTF-8, is never made a string.
 */
export class RunEncoder {
  readonly #entityType: Buffer;
  #topicIdLast = '';
  #topicIdBytes = Buffer.alloc(0);

  constructor(entityType: string) {
    this.#entityType = Buffer.from(entityType);
  }

  /** All values but the names lie in one block. */
  encode(run: Run): RunValues {
    const { entityId, seq, source } = run[0];
    const last = seq + run.length - 1;
    if (source.topicId !== this.#topicIdLast) {
      this.#topicIdLast = source.topicId;
      this.#topicIdBytes = Buffer.from(source.topicId);
    }
    const block = Buffer.allocUnsafe(blockBytes(run, this.#topicIdBytes));
    const bucketEnd = block.writeInt32BE(bucketOf(last), 0);
    const seqEnd = writeInt64(block, last, bucketEnd);
    const timestampEnd = writeInt64(block, run.length, seqEnd);
    const eventsEnd = writeEvents(block, run, timestampEnd);
    const timesEnd = writeInt64s(block, run, timeOf, eventsEnd);
    const sourceEnd = writeSource(block, this.#topicIdBytes, source.partition, timesEnd);
    const end = writeInt64s(block, run, offsetOf, sourceEnd);
    assert(end === block.length, 'A run fills its block.');
    return [
      this.#entityType,
      Buffer.from(entityId),
      block.subarray(0, bucketEnd),
      block.subarray(bucketEnd, seqEnd),
      block.subarray(timestampEnd, eventsEnd),
      block.subarray(eventsEnd, timesEnd),
      block.subarray(timesEnd, sourceEnd),
      block.subarray(sourceEnd),
      block.subarray(seqEnd, timestampEnd),
    ];
  }
}

/** The events of a run, ascending by seq. */
export function decodeRun(stored: StoredRun): readonly JournalRow[] {
  const [topicId, partition] = stored.source.values() as [string, number];
  const seqFirst = Number(stored.seq) - stored.events.length + 1;
  return stored.events.map((event, index) => ({
    entityId: stored.entity_id,
    seq: seqFirst + index,
    event: Buffer.from(event),
    timestampMs: Number(stored.times[index]),
    source: { topicId, partition, offset: Number(stored.offsets[index]) },
  }));
}

function blockBytes(run: Run, topicIdBytes: Buffer): number {
  const numbers = LENGTH_BYTES + run.length * (LENGTH_BYTES + INT64_BYTES);
  let events = LENGTH_BYTES;
  for (const { event } of run) events += LENGTH_BYTES + event.byteLength;
  const source = LENGTH_BYTES + topicIdBytes.length + LENGTH_BYTES + 4;
  return 4 + INT64_BYTES + INT64_BYTES + events + numbers + source + numbers;
}

function writeEvents(block: Buffer, run: Run, start: number): number {
  let position = block.writeInt32BE(run.length, start);
  for (const { event } of run) {
    position = block.writeInt32BE(event.byteLength, position);
    block.set(event, position);
    position += event.byteLength;
  }
  return position;
}

function writeInt64s(
  block: Buffer,
  run: Run,
  valueOf: (row: JournalRow) => number,
  start: number,
): number {
  let position = block.writeInt32BE(run.length, start);
  for (const row of run) {
    position = block.writeInt32BE(INT64_BYTES, position);
    position = writeInt64(block, valueOf(row), position);
  }
  return position;
}

function writeSource(
  block: Buffer,
  topicIdBytes: Buffer,
  partition: number,
  start: number,
): number {
  let position = block.writeInt32BE(topicIdBytes.length, start);
  block.set(topicIdBytes, position);
  position = block.writeInt32BE(4, position + topicIdBytes.length);
  return block.writeInt32BE(partition, position);
}

function timeOf({ timestampMs }: JournalRow): number {
  return timestampMs;
}

function offsetOf({ source }: JournalRow): number {
  return source.offset;
}
