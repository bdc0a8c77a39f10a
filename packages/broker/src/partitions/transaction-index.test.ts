import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abortedWithin, TransactionIndex } from './transaction-index.ts';

test('the last stable offset is the first open transaction, else the high watermark', () => {
  const index = new TransactionIndex();
  assert.equal(index.lastStableOffset(50), 50);
  index.recordBatch(1, 10);
  index.recordBatch(2, 12);
  index.recordBatch(1, 14);
  assert.equal(index.lastStableOffset(50), 10);
  index.recordMarker(1, 'commit', 20);
  assert.equal(index.lastStableOffset(50), 12);
  index.recordMarker(2, 'abort', 21);
  assert.equal(index.lastStableOffset(50), 50);
});

test('aborted transactions are those that overlap the range, by first offset', () => {
  const index = new TransactionIndex();
  index.recordBatch(1, 10);
  index.recordBatch(2, 12);
  index.recordBatch(3, 13);
  index.recordMarker(3, 'commit', 19);
  index.recordMarker(2, 'abort', 20);
  index.recordMarker(1, 'abort', 30);
  const within = (from: number, to: number) =>
    abortedWithin(index.aborted, { offset: from, endOffset: to }).map(
      (aborted) => aborted.producerId,
    );
  assert.deepEqual(within(0, 100), [1, 2]);
  assert.deepEqual(within(0, 10), []);
  assert.deepEqual(within(0, 11), [1]);
  assert.deepEqual(within(20, 21), [1, 2]);
  assert.deepEqual(within(21, 22), [1]);
  assert.deepEqual(within(31, 100), []);
});

test('who reads while some are forgotten still knows them', () => {
  const index = new TransactionIndex();
  index.recordBatch(1, 10);
  index.recordMarker(1, 'abort', 15);
  const before = index.aborted;
  index.dropBelow(16);
  assert.deepEqual(index.aborted, []);
  assert.equal(before.length, 1);
});

test('a marker of a producer without an open transaction changes nothing', () => {
  const index = new TransactionIndex();
  index.recordMarker(1, 'abort', 5);
  assert.deepEqual(index.aborted, []);
});

test('aborted transactions below the start of the log are forgotten, and a snapshot restores the rest', () => {
  const index = new TransactionIndex();
  for (const producerId of [1, 2, 3]) {
    index.recordBatch(producerId, producerId * 10);
    index.recordMarker(producerId, 'abort', producerId * 10 + 5);
  }
  index.recordBatch(4, 50);
  index.dropBelow(26);
  const restored = new TransactionIndex();
  restored.restore(
    JSON.parse(JSON.stringify(index.snapshot())) as ReturnType<typeof index.snapshot>,
  );
  assert.deepEqual(restored.aborted, [{ producerId: 3, firstOffset: 30, lastOffset: 35 }]);
  assert.equal(restored.lastStableOffset(60), 50);
});
