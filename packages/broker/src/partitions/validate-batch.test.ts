import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBatch } from '../storage/log-harness.ts';
import { encodeControlBatch } from '../wire/control-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { encodeBatch, RecordBatch } from '../wire/record-batch.ts';
import { validateBatch } from './validate-batch.ts';

const LIMITS = { batchBytesMax: 1000, timestampMaxMs: 5000 };

function codeOf(records: Uint8Array | null): ErrorCode {
  const verdict = validateBatch(records, LIMITS);
  return verdict.kind === 'valid' ? ErrorCode.NONE : verdict.errorCode;
}

/** A batch that is valid but for what `change` does to its bytes; the checksum is made right again. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const batch = new RecordBatch(testBatch());
  change(batch.bytes);
  batch.renewCrc();
  return batch.bytes;
}

test('a whole batch with a sensible header is valid', () => {
  assert.equal(codeOf(testBatch({ count: 3 })), ErrorCode.NONE);
});

test('nothing, less than a batch, and more than one batch are refused', () => {
  assert.equal(codeOf(null), ErrorCode.INVALID_RECORD);
  assert.equal(codeOf(Buffer.alloc(0)), ErrorCode.INVALID_RECORD);
  assert.equal(codeOf(testBatch().subarray(0, 60)), ErrorCode.CORRUPT_MESSAGE);
  assert.equal(codeOf(testBatch().subarray(0, 100)), ErrorCode.CORRUPT_MESSAGE);
  assert.equal(codeOf(Buffer.concat([testBatch(), testBatch()])), ErrorCode.INVALID_RECORD);
});

test('a wrong checksum is refused as corrupt', () => {
  const bytes = testBatch();
  bytes[80]! ^= 1;
  assert.equal(codeOf(bytes), ErrorCode.CORRUPT_MESSAGE);
});

test('older record formats are refused', () => {
  const bytes = testBatch();
  bytes.writeInt8(1, 16);
  assert.equal(codeOf(bytes), ErrorCode.INVALID_RECORD);
});

test('a count that does not fit the offsets is refused', () => {
  assert.equal(codeOf(changed((bytes) => bytes.writeInt32BE(2, 57))), ErrorCode.INVALID_RECORD);
  assert.equal(codeOf(changed((bytes) => bytes.writeInt32BE(0, 57))), ErrorCode.INVALID_RECORD);
});

test('an unknown compression is refused', () => {
  const unknown = changed((bytes) => bytes.writeInt16BE(5, 21));
  assert.equal(codeOf(unknown), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
});

test('a batch over max.message.bytes is refused', () => {
  assert.equal(codeOf(testBatch({ bytes: 1000 })), ErrorCode.MESSAGE_TOO_LARGE);
});

test('times too far ahead, and log append time set by a client, are refused', () => {
  assert.equal(codeOf(testBatch({ timestampMs: 5000 })), ErrorCode.NONE);
  assert.equal(codeOf(testBatch({ timestampMs: 5001 })), ErrorCode.INVALID_TIMESTAMP);
  const appendTime = changed((bytes) => bytes.writeInt16BE(8, 21));
  assert.equal(codeOf(appendTime), ErrorCode.INVALID_TIMESTAMP);
});

test('control batches, and transactional ones without a producer, are refused', () => {
  const marker = { producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1 };
  const control = encodeControlBatch({ ...marker, type: 'commit' });
  assert.equal(codeOf(control.bytes), ErrorCode.INVALID_RECORD);
  assert.equal(codeOf(testBatch({ isTransactional: true })), ErrorCode.INVALID_RECORD);
  assert.equal(codeOf(testBatch({ producerId: 4 })), ErrorCode.INVALID_RECORD);
});

test('an empty batch is refused', () => {
  const header = { ...EMPTY_HEADER, recordsCount: 0 };
  assert.equal(codeOf(encodeBatch(header, Buffer.alloc(0)).bytes), ErrorCode.INVALID_RECORD);
});

const EMPTY_HEADER = {
  baseOffset: 0,
  lastOffsetDelta: 0,
  attributes: 0,
  baseTimestampMs: 0,
  maxTimestampMs: 0,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
};
