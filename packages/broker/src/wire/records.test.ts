import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Compression } from './compression.ts';
import { encodeBatch, type RecordBatch } from './record-batch.ts';
import { encodeRecord, encodeRecords, readRecords } from './records.ts';

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
  { offset: 40, timestampMs: 1_000_000_000_000, key: null, hasValue: false },
  { offset: 41, timestampMs: 1_000_000_000_300, key: 'A', hasValue: false },
];

function factsOf(batch: RecordBatch) {
  return [...readRecords(batch)].map(({ offset, timestampMs, key, hasValue }) => ({
    ...{ offset, timestampMs, hasValue },
    key: key?.toString() ?? null,
  }));
}

describe('records', () => {
  test('are read with their offset, time and key, and whether they have a value', () => {
    assert.deepEqual(factsOf(batchOf(Compression.NONE, RECORDS)), expected);
    const withValue = Buffer.from([18, 0, 0, 0, 2, 65, 4, 66, 67, 0]);
    const [record] = readRecords(batchOf(Compression.NONE, withValue));
    assert.equal(record?.hasValue, true);
  });

  test('are read in every codec of Kafka, also as this broker writes them', () => {
    for (const codec of Object.values(Compression)) {
      const body = encodeRecords([RECORDS.subarray(0, 7), RECORDS.subarray(7)], codec);
      assert.deepEqual(factsOf(batchOf(codec, body)), expected, `codec ${codec}`);
    }
  });

  test('with log append time, all have the time of the batch', () => {
    assert.deepEqual(
      factsOf(batchOf(Compression.NONE, RECORDS, 8)).map(({ timestampMs }) => timestampMs),
      [1_000_000_000_300, 1_000_000_000_300],
    );
  });

  test('are written again relative to another time, whatever the distance', () => {
    for (const baseTimestampMs of [0, 1_000_000_000_000, 2 ** 52, -5]) {
      const records = [...readRecords(batchOf(Compression.NONE, RECORDS))].map((record) =>
        encodeRecord(record, record.timestampMs - baseTimestampMs),
      );
      const { header } = batchOf(Compression.NONE, RECORDS);
      const again = encodeBatch({ ...header, baseTimestampMs }, Buffer.concat(records));
      assert.deepEqual(factsOf(again), expected);
    }
  });
});

describe('what is no batch of records is malformed:', () => {
  const malformed = { code: 'MALFORMED_MESSAGE' };
  const read = (codec: number, body: Buffer) => () => factsOf(batchOf(codec, body));

  test('records that end too early, lie outside of the batch, or go back', () => {
    assert.throws(read(Compression.NONE, RECORDS.subarray(0, 9)), malformed);
    for (const offsetDelta of [4, 0]) {
      const outside = Buffer.from(RECORDS);
      outside[11] = offsetDelta;
      assert.throws(read(Compression.NONE, outside), malformed);
    }
    const longKey = Buffer.from(RECORDS);
    longKey[12] = 60;
    assert.throws(read(Compression.NONE, longKey), malformed);
    const longVarint = Buffer.concat([Buffer.alloc(400, 0x80), RECORDS]);
    assert.throws(read(Compression.NONE, longVarint), malformed);
  });

  test('bytes that do not decompress, and a codec that there is not', () => {
    for (const codec of [Compression.GZIP, Compression.SNAPPY, Compression.LZ4, Compression.ZSTD]) {
      assert.throws(read(codec, RECORDS), malformed, `codec ${codec}`);
      assert.throws(read(codec, Buffer.alloc(0)), malformed, `codec ${codec}`);
    }
    assert.throws(read(5, RECORDS), { message: /codec 5, which is not known/ });
  });

  test('what would grow beyond all measure, before anything is allocated for it', () => {
    const zeros = gzipSync(Buffer.alloc(140_000_000));
    assert.throws(read(Compression.GZIP, zeros), malformed);
    const claimsGigabyte = Buffer.from([0x80, 0x80, 0x80, 0x80, 0x04, 0, 65]);
    assert.throws(read(Compression.SNAPPY, claimsGigabyte), /a block lies about its length/);
    const header = Buffer.from('04224d18607073', 'hex');
    const block = Buffer.concat([Buffer.from([0, 0, 1, 0]), Buffer.alloc(65_536)]);
    const blocks = Array.from({ length: 40 }, () => block);
    const frame = Buffer.concat([header, ...blocks, Buffer.alloc(4)]);
    assert.throws(read(Compression.LZ4, frame), malformed);
    const many = Array.from({ length: 600 }, () =>
      Buffer.from([0, 4, 0, 0, ...Buffer.alloc(1024)]),
    );
    const large = Buffer.concat([Buffer.from('04224d18607073', 'hex'), ...many, Buffer.alloc(4)]);
    assert.throws(read(Compression.LZ4, large), /it grows by too much/);
  });
});
