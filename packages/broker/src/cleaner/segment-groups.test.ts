import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClosedSegment } from '../segments/segmented-log.ts';
import { groupSegments } from './segment-groups.ts';

function segment(baseOffset: number, endOffset: number, sizeBytes: number): ClosedSegment {
  return {
    ...{ baseOffset, endOffset, sizeBytes },
    maxTimestampMs: () => Promise.resolve(-1),
    async *batches() {},
  };
}

function groupsOf(segments: readonly ClosedSegment[]): number[][] {
  return groupSegments(segments, 100).map((group) => group.map(({ baseOffset }) => baseOffset));
}

test('neighbours that fit one segment together become one', () => {
  const segments = [0, 1, 2, 3, 4].map((offset) => segment(offset, offset + 1, 40));
  assert.deepEqual(groupsOf(segments), [[0, 1], [2, 3], [4]]);
  assert.deepEqual(groupsOf([segment(0, 1, 200), segment(1, 2, 0), segment(2, 3, 100)]), [
    [0],
    [1, 2],
  ]);
});

test('a segment never has more offsets than its index can tell apart', () => {
  const far = 2 ** 31;
  assert.deepEqual(groupsOf([segment(0, 10, 1), segment(10, far, 1)]), [[0], [10]]);
  assert.deepEqual(groupsOf([segment(0, 10, 1), segment(10, far - 1, 1)]), [[0, 10]]);
});
