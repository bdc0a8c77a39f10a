import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthPercent } from './bound-heap.ts';

const MIB = 1024 * 1024;

test('a heap grows to its budget, whatever is alive in it', () => {
  assert.equal(growthPercent(55 * MIB), 100);
  assert.equal(growthPercent(80 * MIB), 38);
});

test('a heap beyond its budget grows by a little, and a small one not without end', () => {
  assert.equal(growthPercent(100 * MIB), 30);
  assert.equal(growthPercent(1_000 * MIB), 30);
  assert.equal(growthPercent(5 * MIB), 300);
});
