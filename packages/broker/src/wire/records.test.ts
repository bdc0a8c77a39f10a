import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Compression, encodeBatch } from './record-batch.ts';
import { readRecords } from './records.ts';

/** Two records: the second 300 ms and one offset later, with a key. Each is its length, zigzag, and its body. */
const RECORDS = Buffer.from([12, 0, 0, 0, 1, 1, 0, 16, 0, 0xd8, 0x04, 2, 2, 65, 1, 0]);

function batchOf(compression: number, records: Buffer, attributes = 0) {
  return encodeBatch(
    {
      baseOffset: 40,
      lastOffsetDelta: 1,
      attributes: compression | attributes,
      baseTimestampMs: 1_000_000_000_000,
      maxTimestampMs: 1_000_000_000_300,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      recordsCount: 2,
    },
    records,
  );
}

const expected = [
  { offset: 40, timestampMs: 1_000_000_000_000, hasKey: false },
  { offset: 41, timestampMs: 1_000_000_000_300, hasKey: true },
];

test('records are read with their offset, time and whether they have a key', () => {
  assert.deepEqual(readRecords(batchOf(Compression.NONE, RECORDS)), expected);
});

test('gzip and zstd are read, snappy and lz4 are not', () => {
  assert.deepEqual(readRecords(batchOf(Compression.GZIP, gzipSync(RECORDS))), expected);
  assert.deepEqual(readRecords(batchOf(Compression.ZSTD, zstdCompressSync(RECORDS))), expected);
  assert.equal(readRecords(batchOf(Compression.SNAPPY, RECORDS)), null);
  assert.equal(readRecords(batchOf(Compression.LZ4, RECORDS)), null);
});

test('with log append time, all records have the time of the batch', () => {
  const records = readRecords(batchOf(Compression.NONE, RECORDS, 8));
  assert.deepEqual(
    records?.map((record) => record.timestampMs),
    [1_000_000_000_300, 1_000_000_000_300],
  );
});

test('records that end too early, lie outside of the batch, or do not decompress are malformed', () => {
  const malformed = { code: 'MALFORMED_MESSAGE' };
  assert.throws(() => readRecords(batchOf(Compression.NONE, RECORDS.subarray(0, 9))), malformed);
  const outside = Buffer.from(RECORDS);
  outside[11] = 4;
  assert.throws(() => readRecords(batchOf(Compression.NONE, outside)), malformed);
  assert.throws(() => readRecords(batchOf(Compression.GZIP, RECORDS)), malformed);
});
