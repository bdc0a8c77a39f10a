import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf, bucketStart, EVENTS_PER_BUCKET, SEQ_MAX } from './bucket.ts';

test('a bucket holds a thousand events, from its start to the start of the next one', () => {
  assert.equal(EVENTS_PER_BUCKET, 1_000);
  for (const [seq, bucket] of [
    [0, 0],
    [999, 0],
    [1_000, 1],
    [1_999, 1],
    [2_000, 2],
    [SEQ_MAX, 2 ** 31 - 1],
  ] as const) {
    assert.equal(bucketOf(seq), bucket);
    assert.ok(bucketStart(bucket) <= seq && seq < bucketStart(bucket + 1));
  }
});
