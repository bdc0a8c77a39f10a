import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeControlBatch, markerTypeOf } from './control-batch.ts';
import { encodeBatch } from './record-batch.ts';

const header = {
  baseOffset: 0,
  lastOffsetDelta: 2,
  attributes: 0x10 | 4,
  baseTimestampMs: 1_700_000_000_000,
  maxTimestampMs: 1_700_000_000_005,
  producerId: 5_000_000_001,
  producerEpoch: 7,
  baseSequence: 40,
  recordsCount: 3,
};

test('a batch reads back every field of its header', () => {
  const batch = encodeBatch(header, Buffer.alloc(20));
  assert.equal(batch.sizeBytes, 81);
  assert.equal(batch.magic, 2);
  assert.equal(batch.compression, 4);
  assert.equal(batch.isTransactional, true);
  assert.equal(batch.isControl, false);
  assert.equal(batch.lastOffset, 2);
  assert.equal(batch.baseTimestampMs, header.baseTimestampMs);
  assert.equal(batch.maxTimestampMs, header.maxTimestampMs);
  assert.equal(batch.producerId, header.producerId);
  assert.equal(batch.producerEpoch, 7);
  assert.equal(batch.baseSequence, 40);
  assert.equal(batch.recordsCount, 3);
});

test('placing a batch leaves its checksum valid', () => {
  const batch = encodeBatch(header, Buffer.alloc(20));
  batch.setBaseOffset(6_000_000_000);
  assert.equal(batch.baseOffset, 6_000_000_000);
  assert.equal(batch.hasValidCrc(), true);
});

test('log append time changes the time of the records and renews the checksum', () => {
  const batch = encodeBatch(header, Buffer.alloc(20));
  const crcBefore = batch.crc;
  batch.setLogAppendTime(1_800_000_000_000);
  assert.equal(batch.isLogAppendTime, true);
  assert.equal(batch.maxTimestampMs, 1_800_000_000_000);
  assert.equal(batch.baseTimestampMs, header.baseTimestampMs);
  assert.notEqual(batch.crc, crcBefore);
  assert.equal(batch.hasValidCrc(), true);
});

test('a flipped bit of the records is seen', () => {
  const batch = encodeBatch(header, Buffer.alloc(20));
  batch.bytes[70]! ^= 1;
  assert.equal(batch.hasValidCrc(), false);
});

test('a marker says which way its transaction ended', () => {
  const marker = { producerId: 9, producerEpoch: 1, coordinatorEpoch: 0, timestampMs: 5 };
  for (const type of ['commit', 'abort'] as const) {
    const batch = encodeControlBatch({ ...marker, type });
    assert.equal(batch.isControl, true);
    assert.equal(batch.isTransactional, true);
    assert.equal(batch.hasValidCrc(), true);
    assert.equal(markerTypeOf(batch), type);
  }
});
