import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedQueue } from './bounded-queue.ts';

test('items leave in the order they came', () => {
  const queue = new BoundedQueue<string>({ countMax: 3 });
  queue.push('a');
  queue.push('b');
  assert.equal(queue.peek(), 'a');
  assert.equal(queue.length, 2);
  assert.equal(queue.shift(), 'a');
  assert.equal(queue.shift(), 'b');
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.peek(), undefined);
});

test('a full queue refuses an item and keeps what it has', () => {
  const queue = new BoundedQueue<number>({ countMax: 2 });
  assert.equal(queue.push(1), true);
  assert.equal(queue.push(2), true);
  assert.equal(queue.isFull, true);
  assert.equal(queue.push(3), false);
  assert.equal(queue.length, 2);
  assert.equal(queue.shift(), 1);
  assert.equal(queue.isFull, false);
  assert.equal(queue.push(3), true);
});

test('an undefined item counts as an item', () => {
  const queue = new BoundedQueue<number | undefined>({ countMax: 2 });
  queue.push(undefined);
  queue.push(1);
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.shift(), 1);
});

test('a queue without room is refused', () => {
  for (const countMax of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new BoundedQueue({ countMax }), { name: 'AssertionFailure' });
  }
});
