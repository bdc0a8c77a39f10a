import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  compressionsAlgorithms,
  createRecordsBatch,
  Reader,
  readRecordsBatches,
} from '@platformatic/kafka';
import fc from 'fast-check';
import type { FetchedRecord } from '@chat-cluster/log';
import { encodeRecordBatch, type TimedRecord } from './record-batch-encoder.ts';
import { readBatchRecords, viewBatch } from './record-batch-reader.ts';

const TIMESTAMP_MS_MAX = 4_000_000_000_000;
const text = fc.string({ unit: 'binary', maxLength: 20 });

const bytes = fc.uint8Array({ maxLength: 300 });
const bytesOrNull = fc.option(bytes);
const record: fc.Arbitrary<TimedRecord> = fc.record({
  key: bytesOrNull,
  value: bytesOrNull,
  headers: fc.array(fc.record({ key: text, value: fc.oneof(bytes, text) }), {
    maxLength: 4,
  }),
  timestampMs: fc.integer({ min: 0, max: TIMESTAMP_MS_MAX }),
});
const records = fc.array(record, { minLength: 1, maxLength: 150 });
const identity = fc.record({
  producerId: fc.bigInt({ min: -1n, max: 2n ** 53n - 1n }),
  producerEpoch: fc.integer({ min: -1, max: 32_767 }),
  baseSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  isTransactional: fc.boolean(),
});

test('what is encoded here, the library reads', () => {
  fc.assert(
    fc.property(records, identity, (written, options) => {
      const batch = encodeRecordBatch(written, { ...options, timestampMs: 1 });
      const [read, ...more] = readRecordsBatches(Reader.from(batch));
      assert.equal(more.length, 0);
      assert.equal(read!.producerId, options.producerId);
      assert.equal(read!.producerEpoch, options.producerEpoch);
      assert.equal(read!.firstSequence, options.baseSequence);
      assert.equal(read!.attributes, options.isTransactional ? 0b1_0000 : 0);
      assert.equal(read!.lastOffsetDelta, written.length - 1);
      const latestMs = Math.max(...written.map(({ timestampMs }) => timestampMs!));
      assert.equal(Number(read!.maxTimestamp), latestMs);
      for (const [index, got] of read!.records.entries()) {
        const sent = written[index]!;
        assert.equal(got.offsetDelta, index);
        assert.equal(Number(read!.firstTimestamp + got.timestampDelta), sent.timestampMs);
        assertSameBytes(got.key, sent.key);
        assertSameBytes(got.value, sent.value);
        assert.equal(got.headers.length, sent.headers.length);
        for (const [at, [key, value]] of got.headers.entries()) {
          assertSameBytes(key, Buffer.from(sent.headers[at]!.key));
          assertSameBytes(value, bytesOf(sent.headers[at]!.value));
        }
      }
    }),
  );
});

test('what is encoded here is read here', () => {
  fc.assert(
    fc.property(records, identity, (written, options) => {
      assertReads(encodeRecordBatch(written, { ...options, timestampMs: 1 }), written);
    }),
  );
});

/** The library writes a record wrongly that is more than 24 days later than its batch's first. */
const recordsOfADay = records.map((written) =>
  written.map((each) => ({ ...each, timestampMs: each.timestampMs! % 86_400_000 })),
);

test('what the library encodes is read here', () => {
  fc.assert(
    fc.property(recordsOfADay, (written) => assertReads(encodeWithLibrary(written), written)),
  );
});

test('compressed batches are read, whatever they are compressed with', () => {
  const algorithms = fc.constantFrom('gzip', 'snappy', 'lz4', 'zstd');
  fc.assert(
    fc.property(recordsOfADay, algorithms, (written, compression) => {
      assert.ok(compressionsAlgorithms[compression].available);
      assertReads(encodeWithLibrary(written, compression), written);
    }),
    { numRuns: 60 },
  );
});

test('records before the position asked for are left out', () => {
  fc.assert(
    fc.property(records, fc.nat(200), (written, offsetFrom) => {
      const batch = encodeRecordBatch(written, { ...anybody, timestampMs: 1 });
      const read = readAll(batch, offsetFrom);
      const expected = written.map((_, offset) => offset).filter((offset) => offset >= offsetFrom);
      assert.deepEqual(
        read.map(({ offset }) => offset),
        expected,
      );
    }),
  );
});

test('a batch that is cut anywhere is left for the next answer', () => {
  const batch = encodeRecordBatch([{ key: null, value: Buffer.from('value'), headers: [] }], {
    ...anybody,
    timestampMs: 1,
  });
  for (let length = 0; length < batch.length; length += 1) {
    assert.equal(viewBatch(batch.subarray(0, length), 0), undefined);
  }
});

test('no change of a single bit is taken for a batch', () => {
  const written = [{ key: Buffer.from('key'), value: Buffer.from('value'), headers: [] }];
  const batch = encodeRecordBatch(written, { ...anybody, timestampMs: 1 });
  // Offset and leader epoch are the broker's, and outside the checksum; the length decides where the batch ends.
  for (let bit = 16 * 8; bit < batch.length * 8; bit += 1) {
    const changed = Buffer.from(batch);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.throws(() => viewBatch(changed, 0), { name: 'LogError', code: 'corrupt' });
  }
});

test('records that do not fit their batch are corrupt, and never read beyond it', () => {
  fc.assert(
    fc.property(
      records,
      fc.nat(),
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      (written, at, noise) => {
        const batch = encodeRecordBatch(written, { ...anybody, timestampMs: 1 });
        const view = viewBatch(batch, 0)!;
        const sectionBytes = batch.length - RECORDS_AT;
        // After the checksum was verified: as if a client had written nonsense with a good checksum.
        for (const [index, byte] of noise.entries()) {
          batch[RECORDS_AT + ((at + index) % sectionBytes)] = byte;
        }
        const got: FetchedRecord[] = [];
        try {
          readBatchRecords(batch, view, { offsetFrom: 0, records: got });
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'corrupt');
        }
        for (const { key, value } of got) {
          assert.ok((key?.byteLength ?? 0) + (value?.byteLength ?? 0) <= sectionBytes);
        }
      },
    ),
  );
});

const RECORDS_AT = 61;
const anybody = { producerId: -1n, producerEpoch: -1, baseSequence: -1, isTransactional: false };

function encodeWithLibrary(
  written: readonly TimedRecord[],
  compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' = 'none',
): Buffer {
  const messages = written.map(({ key, value, headers, timestampMs }) => ({
    topic: 'topic',
    partition: 0,
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    // A map with Buffer keys keeps headers of the same name apart.
    headers: new Map(headers.map((header) => [Buffer.from(header.key), bytesOf(header.value)])),
    timestamp: BigInt(timestampMs ?? 0),
  }));
  type Messages = Parameters<typeof createRecordsBatch>[0];
  return createRecordsBatch(messages as Messages, { compression }).buffer;
}

function readAll(batch: Buffer, offsetFrom = 0): FetchedRecord[] {
  const got: FetchedRecord[] = [];
  const view = viewBatch(batch, 0);
  assert.ok(view);
  assert.equal(view.end, batch.length);
  readBatchRecords(batch, view, { offsetFrom, records: got });
  return got;
}

function assertReads(batch: Buffer, written: readonly TimedRecord[]): void {
  const got = readAll(batch);
  assert.equal(got.length, written.length);
  for (const [offset, read] of got.entries()) {
    const sent = written[offset]!;
    assert.equal(read.offset, offset);
    assert.equal(read.timestampMs, sent.timestampMs);
    assertSameBytes(read.key, sent.key);
    assertSameBytes(read.value, sent.value);
    assert.deepEqual(
      read.headers.map(({ key }) => key),
      sent.headers.map(({ key }) => key),
    );
    for (const [at, { value }] of read.headers.entries()) {
      assertSameBytes(value, bytesOf(sent.headers[at]!.value));
    }
  }
}

function bytesOf(value: Uint8Array | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
}

function assertSameBytes(actual: Uint8Array | null | undefined, expected: Uint8Array | null): void {
  assert.equal(actual === null || actual === undefined, expected === null);
  if (actual && expected) assert.equal(Buffer.compare(actual, expected), 0);
}
