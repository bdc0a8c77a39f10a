import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram } from './histogram.ts';

/** The bucket that a duration falls into. */
function bucketOf(durationMs: number): number {
  const histogram = new Histogram();
  histogram.observe(durationMs);
  return histogram.counts.indexOf(1);
}

test('a duration falls into the first bucket whose bound it does not pass', () => {
  Histogram.boundsMs.forEach((boundMs, index) => {
    assert.equal(bucketOf(boundMs * 0.999), index);
    assert.equal(bucketOf(boundMs * 1.001), index + 1);
  });
});

test('below 0 counts as 0, and beyond the last bound there is a bucket too', () => {
  assert.deepEqual([bucketOf(-5), bucketOf(0), bucketOf(1)], [0, 0, 0]);
  assert.equal(bucketOf(1e9), Histogram.boundsMs.length);
});

test('sum and count are those of what was observed', () => {
  const histogram = new Histogram();
  for (const durationMs of [1, 10, -3, 100]) histogram.observe(durationMs);
  assert.deepEqual([histogram.count, histogram.sumMs], [4, 111]);
});
