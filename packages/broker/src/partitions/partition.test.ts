import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '@chat-cluster/kernel';
import { readAll, testBatch } from '../storage/log-harness.ts';
import { topicLimits, type TopicOverrides } from '../topics/topic-config.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { RecordBatch } from '../wire/record-batch.ts';
import { MemoryCommitLog } from '../write-ahead-log/memory-commit-log.ts';
import { Partition } from './partition.ts';
import type { TransactionalAppend } from './transaction-verifier.ts';

function openPartition({
  overrides = {},
  verdict = ErrorCode.NONE,
}: { overrides?: TopicOverrides; verdict?: ErrorCode } = {}) {
  const commitLog = new MemoryCommitLog();
  const clock = new ManualClock();
  const asked: TransactionalAppend[] = [];
  const limits = topicLimits(overrides);
  const partition = new Partition({
    topicId: 'AQIDBAUGBwgJCgsMDQ4PEA',
    name: 't-3',
    partition: 3,
    limits: () => limits,
    commitLog,
    store: null,
    transactionVerifier: {
      verify(append) {
        asked.push(append);
        return verdict;
      },
    },
    clock,
    onChanged() {},
  });
  return { partition, commitLog, clock, asked };
}

const transactional = { producerId: 5, producerEpoch: 2, isTransactional: true };
const marker = { producerId: 5, producerEpoch: 2, coordinatorEpoch: 0, timestampMs: 1 };

describe('what is not durable', () => {
  test('is not visible, and wakes nobody', async () => {
    const { partition, commitLog } = openPartition();
    let wakes = 0;
    partition.onAdvance(() => wakes++);
    partition.append(testBatch({ count: 2 }));
    assert.equal(partition.logEndOffset, 2);
    assert.equal(partition.highWatermark, 0);
    assert.deepEqual(await readAll(partition), []);
    assert.equal(wakes, 0);
    await commitLog.durable();
    assert.equal(partition.highWatermark, 2);
    assert.equal(wakes, 1);
  });
});

describe('reading', () => {
  async function three() {
    const { partition, commitLog } = openPartition();
    for (const fill of [1, 2, 3]) partition.append(testBatch({ fill, count: 3 }));
    await commitLog.durable();
    return partition;
  }
  const request = { isReadCommitted: false, isExact: false };

  test('gives the whole batch that holds the offset', async () => {
    const partition = await three();
    const read = await partition.read({ ...request, offset: 4, maxBytes: 10_000 });
    assert.deepEqual(
      read.chunks.map((chunk) => chunk[61]),
      [2, 3],
    );
  });

  test('gives the first batch even if it is too large, unless the size is exact', async () => {
    const partition = await three();
    const read = await partition.read({ ...request, offset: 0, maxBytes: 1 });
    assert.deepEqual([read.chunks.length, read.isCut], [1, true]);
    const exact = await partition.read({ ...request, offset: 0, maxBytes: 1, isExact: true });
    assert.deepEqual([exact.chunks.length, exact.isCut], [0, true]);
  });

  test('is out of range below the start and behind the high watermark', async () => {
    const partition = await three();
    await partition.moveLogStart(3);
    for (const [offset, errorCode] of [
      [2, ErrorCode.OFFSET_OUT_OF_RANGE],
      [3, ErrorCode.NONE],
      [9, ErrorCode.NONE],
      [10, ErrorCode.OFFSET_OUT_OF_RANGE],
    ] as const) {
      const read = await partition.read({ ...request, offset, maxBytes: 10 });
      assert.equal(read.errorCode, errorCode, `offset ${offset}`);
    }
  });
});

describe('transactions', () => {
  test('a transactional batch is appended only when the verifier agrees', () => {
    const { partition, asked } = openPartition({ verdict: ErrorCode.INVALID_TXN_STATE });
    const result = partition.append(testBatch({ ...transactional, baseSequence: 0 }));
    assert.equal(result.errorCode, ErrorCode.INVALID_TXN_STATE);
    assert.equal(partition.logEndOffset, 0);
    const { topicId } = partition;
    assert.deepEqual(asked, [{ producerId: 5, producerEpoch: 2, topicId, partition: 3 }]);
  });

  test('readers of committed records stop at an open transaction until its marker is durable', async () => {
    const { partition, commitLog } = openPartition();
    partition.append(testBatch({ fill: 1 }));
    partition.append(testBatch({ ...transactional, fill: 2, baseSequence: 0 }));
    partition.append(testBatch({ fill: 3 }));
    await commitLog.durable();
    assert.deepEqual(await readAll(partition, true), ['0:1']);
    assert.equal(partition.lastStableOffset, 1);
    const marked = partition.appendControlBatch({ ...marker, type: 'commit' });
    assert.equal(partition.hasOpenTransaction(5), false);
    assert.equal(partition.lastStableOffset, 1);
    assert.equal(await marked, 3);
    assert.equal(partition.lastStableOffset, 4);
    assert.equal((await readAll(partition, true)).length, 4);
  });

  test('an aborted transaction is named to readers of committed records only', async () => {
    const { partition } = openPartition();
    partition.append(testBatch({ ...transactional, baseSequence: 0 }));
    await partition.appendControlBatch({ ...marker, type: 'abort' });
    const request = { offset: 0, maxBytes: 1000, isExact: false };
    const committed = await partition.read({ ...request, isReadCommitted: true });
    assert.deepEqual(committed.aborted, [{ producerId: 5, firstOffset: 0, lastOffset: 1 }]);
    const uncommitted = await partition.read({ ...request, isReadCommitted: false });
    assert.deepEqual(uncommitted.aborted, []);
  });

  test('a marker is written once however often it is asked for', async () => {
    const { partition } = openPartition();
    partition.append(testBatch({ ...transactional, baseSequence: 0 }));
    const offsets = await Promise.all(
      [1, 2].map(() => partition.appendControlBatch({ ...marker, type: 'commit' })),
    );
    assert.deepEqual(offsets, [1, -1]);
    assert.equal(partition.logEndOffset, 2);
  });
});

describe('the time of records', () => {
  test('is the time of the broker with LogAppendTime, whatever the producer says', async () => {
    const overrides = { 'message.timestamp.type': 'LogAppendTime' };
    const { partition, commitLog, clock } = openPartition({ overrides });
    const farAhead = clock.wallMs() + 1e12;
    const result = partition.append(testBatch({ timestampMs: farAhead }));
    assert.equal(result.errorCode, ErrorCode.NONE);
    assert.equal(result.logAppendTimeMs, clock.wallMs());
    await commitLog.durable();
    const found = await partition.findTimestamp(0, 1);
    assert.ok(found instanceof RecordBatch);
    assert.equal(found.maxTimestampMs, clock.wallMs());
    assert.equal(found.hasValidCrc(), true);
  });

  test('is refused with CreateTime when it lies too far ahead', () => {
    const { partition, clock } = openPartition();
    const hourMs = 3_600_000;
    const inTime = partition.append(testBatch({ timestampMs: clock.wallMs() + hourMs }));
    assert.equal(inTime.errorCode, ErrorCode.NONE);
    const ahead = partition.append(testBatch({ timestampMs: clock.wallMs() + hourMs + 1 }));
    assert.equal(ahead.errorCode, ErrorCode.INVALID_TIMESTAMP);
  });
});

describe('retention in memory', () => {
  test('deletes by age and by size, whole batches, from the start', async () => {
    const overrides = { 'retention.ms': '100', 'retention.bytes': '250' };
    const { partition, commitLog, clock } = openPartition({ overrides });
    const nowMs = clock.wallMs();
    for (const fill of [1, 2, 3, 4]) partition.append(testBatch({ fill, timestampMs: nowMs }));
    await commitLog.durable();
    await partition.applyRetention();
    assert.equal(
      partition.logStartOffset,
      1,
      'four batches of 111 bytes, 250 are kept: at least three',
    );
    clock.advance(200);
    await partition.applyRetention();
    assert.equal(partition.logStartOffset, 4);
    assert.deepEqual(await readAll(partition), []);
    assert.equal(partition.append(testBatch()).baseOffset, 4);
  });
});
