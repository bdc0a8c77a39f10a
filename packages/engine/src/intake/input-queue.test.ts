import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchedRecord, RecordHeader } from '@chat-cluster/log';
import { InputQueue } from './input-queue.ts';

const from = { topic: 'in', topicId: 'id', partition: 0 };

function recordAt(
  offset: number,
  options: { value?: string; headers?: RecordHeader[] } = {},
): FetchedRecord {
  const value = Buffer.from(options.value ?? 'value');
  return { offset, timestampMs: 0, key: null, value, headers: options.headers ?? [] };
}

function batchOf(offsets: readonly number[], offsetNext: number) {
  const records = offsets.map((offset) => recordAt(offset));
  return { ...from, records, offsetNext, highWatermark: offsetNext, sizeBytes: 0 };
}

test('the position goes on from record to record, and past control records at the end', () => {
  const queue = new InputQueue(from, 3);
  queue.push(batchOf([3, 5], 9));
  assert.equal(queue.decidedNext, 3);
  queue.advance();
  assert.equal(queue.decidedNext, 4);
  queue.advance();
  assert.equal(queue.decidedNext, 9);
});

test('a batch without records moves the position of an empty queue only', () => {
  const queue = new InputQueue(from, 0);
  queue.push(batchOf([], 4));
  assert.equal(queue.decidedNext, 4);
  queue.push(batchOf([4], 5));
  queue.push(batchOf([], 8));
  assert.equal(queue.decidedNext, 4);
  queue.advance();
  assert.equal(queue.decidedNext, 8);
});

test('bytes count keys, values and headers, and are given back', () => {
  const queue = new InputQueue(from, 0);
  const header = { key: 'h', value: Buffer.alloc(10_000) };
  const records = [recordAt(0, { value: 'x'.repeat(1_000), headers: [header] }), recordAt(1)];
  queue.push({ ...batchOf([], 2), records });
  assert.ok(queue.bytes > 11_000 && queue.bytes < 12_000);
  queue.advance();
  assert.ok(queue.bytes < 1_000);
  queue.advance();
  assert.deepEqual([queue.bytes, queue.count], [0, 0]);
});

test('the lag counts what is not decided up to the end of the log', () => {
  const queue = new InputQueue(from, 2);
  assert.equal(queue.lag, 0);
  queue.push({ ...batchOf([2, 3], 4), highWatermark: 10 });
  queue.advance();
  assert.equal(queue.lag, 7);
});
