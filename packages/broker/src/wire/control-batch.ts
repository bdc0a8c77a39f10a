import { assert } from '@chat-cluster/kernel';
import { encodeBatch, type RecordBatch } from './record-batch.ts';
import { readRecords } from './records.ts';

export type MarkerType = 'abort' | 'commit';

const TRANSACTIONAL_AND_CONTROL = 0x30;
// Where the parts of the record lie: each of its varints is one byte.
const KEY_LENGTH_AT = 4;
const KEY_AT = 5;
const KEY_BYTES = 4;
const VALUE_LENGTH_AT = KEY_AT + KEY_BYTES;
const VALUE_AT = VALUE_LENGTH_AT + 1;
const VALUE_BYTES = 6;
const RECORD_BYTES = VALUE_AT + VALUE_BYTES + 1;

/**
 * The batch that ends a transaction on one partition: one record, which takes one offset.
 *
 *     key   = version:int16 = 0, type:int16       0 abort, 1 commit
 *     value = version:int16 = 0, coordinatorEpoch:int32
 *
 * Its base offset is 0; the partition places it. Source: Kafka's ControlRecordType and EndTransactionMarker.
 */
export function encodeControlBatch(marker: {
  producerId: number;
  producerEpoch: number;
  type: MarkerType;
  coordinatorEpoch: number;
  timestampMs: number;
}): RecordBatch {
  return encodeBatch(
    {
      baseOffset: 0,
      lastOffsetDelta: 0,
      attributes: TRANSACTIONAL_AND_CONTROL,
      baseTimestampMs: marker.timestampMs,
      maxTimestampMs: marker.timestampMs,
      producerId: marker.producerId,
      producerEpoch: marker.producerEpoch,
      baseSequence: -1,
      recordsCount: 1,
    },
    encodeMarkerRecord(marker),
  );
}

/** What the marker in a control batch says, or null if it is a control record of another kind, or was cleaned away. */
export function markerTypeOf(batch: RecordBatch): MarkerType | null {
  assert(batch.isControl, 'Only a control batch holds a marker.');
  const [record] = readRecords(batch);
  const key = record?.key ?? null;
  const type = key?.byteLength === KEY_BYTES ? key.readInt16BE(2) : null;
  return type === 0 ? 'abort' : type === 1 ? 'commit' : null;
}

/**
 *     record = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint
 *              keyLength:varint key valueLength:varint value headersCount:varint
 *
 * Varints are zigzag: a small length n is the byte 2n.
 */
function encodeMarkerRecord({
  type,
  coordinatorEpoch,
}: {
  type: MarkerType;
  coordinatorEpoch: number;
}): Buffer {
  const record = Buffer.alloc(RECORD_BYTES);
  record.writeUInt8((RECORD_BYTES - 1) * 2, 0);
  record.writeUInt8(KEY_BYTES * 2, KEY_LENGTH_AT);
  record.writeInt16BE(type === 'abort' ? 0 : 1, KEY_AT + 2);
  record.writeUInt8(VALUE_BYTES * 2, VALUE_LENGTH_AT);
  record.writeInt32BE(coordinatorEpoch, VALUE_AT + 2);
  return record;
}
