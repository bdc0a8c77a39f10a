import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordSizeBytesMax, type FetchedRecord } from '@chat-cluster/log';
import { PARTITION_BATCH_BYTES_MIN } from '../engine-limits.ts';
import { deadLetter } from './dead-letter.ts';
import { BATCH_OVERHEAD_BYTES } from './decided-part.ts';
import { headerText } from './event-record.ts';

const from = { topic: 't'.repeat(249), topicId: 'x'.repeat(36), partition: 2_147_483_647 };
const refusal = { code: 'c'.repeat(200), reason: '€'.repeat(5_000) };
const sizeBytesMax = PARTITION_BATCH_BYTES_MIN - BATCH_OVERHEAD_BYTES;

function recordOf(sizes: {
  key: number;
  value: number;
  headers: number;
  headerValue: number;
}): FetchedRecord {
  return {
    offset: Number.MAX_SAFE_INTEGER,
    timestampMs: -(2 ** 63),
    key: Buffer.alloc(sizes.key, 'k'),
    value: Buffer.alloc(sizes.value, 'v'),
    headers: Array.from({ length: sizes.headers }, (_, index) => ({
      key: index === 0 ? '' : 'h',
      value: Buffer.alloc(sizes.headerValue),
    })),
  };
}

test('a dead letter fits in a record batch, whatever was sent', () => {
  const sizes = fc.record({
    key: fc.oneof(fc.nat(100), fc.nat(1_000_000)),
    value: fc.oneof(fc.nat(100), fc.nat(1_000_000)),
    headers: fc.oneof(fc.nat(10), fc.nat(60_000)),
    headerValue: fc.oneof(fc.constant(0), fc.nat(1_000)),
  });
  fc.assert(
    fc.property(sizes, fc.constantFrom(sizeBytesMax, 100_000, 999_900), (drawn, roomBytes) => {
      const letter = deadLetter(recordOf(drawn), from, refusal, roomBytes);
      assert.ok(recordSizeBytesMax(letter) <= roomBytes);
    }),
    { numRuns: 60 },
  );
});

test('a record that fits is kept whole, and nothing says that it was cut', () => {
  const record = recordOf({ key: 10, value: 5_000, headers: 3, headerValue: 10 });
  const letter = deadLetter(record, from, refusal, sizeBytesMax);
  assert.deepEqual([letter.key, letter.value], [record.key, record.value]);
  assert.deepEqual(letter.headers.slice(0, 3), record.headers);
  assert.equal(letter.headers.length, 10);
});

test('what was cut is told', () => {
  for (const sizes of [
    { key: 100_000, value: 1, headers: 1, headerValue: 1 },
    { key: 1, value: 1_000_000, headers: 1, headerValue: 1 },
    { key: 1, value: 1, headers: 50_000, headerValue: 0 },
  ]) {
    const { headers } = deadLetter(recordOf(sizes), from, refusal, 999_900);
    const fetched = headers.map(({ key, value }) => ({ key, value: Buffer.from(value) }));
    const { key, value, headers: count } = sizes;
    assert.equal(headerText(fetched, 'dl-truncated'), `key=${key} value=${value} headers=${count}`);
  }
});

test('a record of no key and no value is one again', () => {
  const record = { offset: 1, timestampMs: 2, key: null, value: null, headers: [] };
  const { key, value } = deadLetter(record, from, refusal, sizeBytesMax);
  assert.deepEqual([key, value], [null, null]);
});
