import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure } from '@chat-cluster/kernel';
import { ByteBudget } from './byte-budget.ts';

test('a budget is full at its bound, and may be passed by one item', () => {
  const budget = new ByteBudget({ name: 'test', bytesMax: 10 });
  budget.take(9);
  assert.ok(!budget.isFull);
  budget.take(50);
  assert.ok(budget.isFull);
  budget.take(-59);
  assert.deepEqual([budget.isFull, budget.bytes], [false, 0]);
});

test('more given back than taken, or no number, is a programmer error', () => {
  for (const bytes of [-1, Number.NaN]) {
    const budget = new ByteBudget({ name: 'test', bytesMax: 10 });
    assert.throws(() => budget.take(bytes), AssertionFailure);
  }
});
