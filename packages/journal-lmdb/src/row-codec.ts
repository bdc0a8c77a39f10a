import { type JournalRow, JournalError } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';

/** In front of the topic id: two FLOAT64, an INT32 and the id's length. */
const HEAD_BYTES = 8 + 8 + 4 + 1;

/**
 * The values of rows, all in one block of memory: one allocation for a batch, and LMDB's write
 * thread reads them where they lie.
 *
 *     row => timestampMs: FLOAT64, offset: FLOAT64, partition: INT32,
 *            topic id length: UINT8, topic id: UTF-8, event: the rest
 *
 * Little-endian. FLOAT64 holds every whole number of JavaScript, and is written faster than INT64.
 * The event's bytes are those of the event topic, never encoded again.
 */
export function encodeRows(rows: readonly JournalRow[]): readonly Uint8Array[] {
  const topicIds = rows.map(memoizedUtf8());
  let sizeBytes = 0;
  for (const [index, { event }] of rows.entries()) {
    sizeBytes += HEAD_BYTES + (topicIds[index]?.length ?? 0) + event.length;
  }
  const block = Buffer.allocUnsafeSlow(sizeBytes);
  let position = 0;
  return rows.map((row, index) => {
    const start = position;
    position = block.writeDoubleLE(row.timestampMs, position);
    position = block.writeDoubleLE(row.source.offset, position);
    position = block.writeInt32LE(row.source.partition, position);
    const topicId = topicIds[index] ?? new Uint8Array(0);
    position = block.writeUInt8(topicId.length, position);
    block.set(topicId, position);
    position += topicId.length;
    block.set(row.event, position);
    position += row.event.length;
    return block.subarray(start, position);
  });
}

/**
 * The row behind a value. Its event is a part of `value`.
 *
 * @throws JournalError 'corrupt' if it is not the value of a row
 */
export function decodeRow(
  { entityId, seq }: { readonly entityId: string; readonly seq: number },
  value: Uint8Array,
): JournalRow {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const eventStart = bytes.length < HEAD_BYTES ? Infinity : HEAD_BYTES + bytes.readUInt8(20);
  if (eventStart > bytes.length) {
    throw new JournalError(
      'corrupt',
      `Event ${seq} of ${entityId} is cut. Restore the journal's folder from a backup.`,
    );
  }
  return {
    entityId,
    seq,
    event: bytes.subarray(eventStart),
    timestampMs: bytes.readDoubleLE(0),
    source: {
      topicId: bytes.toString('utf8', HEAD_BYTES, eventStart),
      partition: bytes.readInt32LE(16),
      offset: bytes.readDoubleLE(8),
    },
  };
}

/** The rows of a batch come from few topics: each id is encoded once. */
function memoizedUtf8(): (row: JournalRow) => Uint8Array {
  let last: string | undefined;
  let bytes = new Uint8Array(0);
  return ({ source: { topicId } }) => {
    if (topicId !== last) {
      last = topicId;
      bytes = new TextEncoder().encode(topicId);
      assert(bytes.length <= 255, 'A topic id has at most 255 bytes.');
    }
    return bytes;
  };
}
