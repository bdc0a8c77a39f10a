import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../wire/error-codes.ts';
import { TIMEOUT_MS, TOPIC, TransactionHarness, turns } from './transaction-harness.ts';
import type { ProducerIdentity } from './transaction.ts';

const { NONE, INVALID_TXN_STATE, PRODUCER_FENCED } = ErrorCode;

/** A producer with an open transaction that has one batch and one offset. */
async function ongoing() {
  const harness = await TransactionHarness.start();
  const producer = await harness.init();
  assert.equal(await harness.add(producer), NONE);
  assert.equal(await harness.produce(producer, 'first'), NONE);
  assert.equal(await harness.addGroup(producer), NONE);
  assert.deepEqual(await harness.commitOffset(producer, 7), [NONE]);
  return { harness, producer };
}

/** The same producer one epoch on, or back. */
function shifted({ producerId, producerEpoch }: ProducerIdentity, by: number): ProducerIdentity {
  return { producerId, producerEpoch: producerEpoch + by };
}

describe('a transaction', () => {
  test('that commits shows its records and its offsets', async () => {
    const { harness, producer } = await ongoing();
    assert.equal(await harness.offset(), 'unstable');
    assert.deepEqual(harness.visible(), ['open']);
    assert.equal(await harness.end(producer, 'commit'), NONE);
    assert.equal(await harness.offset(), 7);
    assert.deepEqual(harness.visible(), ['first']);
  });

  test('that aborts shows neither', async () => {
    const { harness, producer } = await ongoing();
    assert.equal(await harness.end(producer, 'abort'), NONE);
    assert.equal(await harness.offset(), 'none');
    assert.deepEqual(harness.visible(), []);
  });

  test('is answered again with the same when its end is asked for again', async () => {
    const { harness, producer } = await ongoing();
    await harness.end(producer, 'commit');
    assert.equal(await harness.end(producer, 'commit'), NONE);
    assert.equal(await harness.end(producer, 'abort'), INVALID_TXN_STATE);
    assert.deepEqual(harness.visible(), ['first']);
  });

  test('that aborted cannot be committed', async () => {
    const { harness, producer } = await ongoing();
    await harness.end(producer, 'abort');
    assert.equal(await harness.end(producer, 'commit'), INVALID_TXN_STATE);
  });

  test('that never began cannot be ended', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    assert.equal(await harness.end(producer, 'commit'), INVALID_TXN_STATE);
    assert.equal(await harness.end(producer, 'abort'), INVALID_TXN_STATE);
  });

  test('takes only batches of its epoch, on its partitions, while it is open', async () => {
    const { harness, producer } = await ongoing();
    assert.equal(await harness.produce(producer, 'elsewhere', 1), INVALID_TXN_STATE);
    assert.equal(
      await harness.produce(shifted(producer, -1), 'old'),
      ErrorCode.INVALID_PRODUCER_EPOCH,
    );
    assert.equal(
      await harness.produce(shifted(producer, 1), 'future'),
      ErrorCode.INVALID_PRODUCER_EPOCH,
    );
    assert.equal(
      await harness.produce({ producerId: 999, producerEpoch: 0 }, 'stranger'),
      ErrorCode.INVALID_PRODUCER_ID_MAPPING,
    );
    await harness.end(producer, 'commit');
    assert.equal(await harness.produce(producer, 'late'), INVALID_TXN_STATE);
  });

  test('takes only offsets of its groups, while it is open', async () => {
    const { harness, producer } = await ongoing();
    assert.equal(await harness.commitOffset(producer, 8, { groupId: 'other' }), INVALID_TXN_STATE);
    assert.equal(await harness.commitOffset(shifted(producer, -1), 8), PRODUCER_FENCED);
    await harness.end(producer, 'commit');
    assert.equal(await harness.commitOffset(producer, 9), INVALID_TXN_STATE);
    assert.equal(await harness.offset(), 7);
  });

  test('refuses offsets of a generation or member that the group does not have', async () => {
    const { harness, producer } = await ongoing();
    const stranger = { generationId: 3, memberId: 'nobody' };
    assert.equal(await harness.commitOffset(producer, 8, stranger), ErrorCode.UNKNOWN_MEMBER_ID);
    await harness.addGroup(producer, 'unborn');
    assert.equal(
      await harness.commitOffset(producer, 8, { ...stranger, groupId: 'unborn' }),
      ErrorCode.ILLEGAL_GENERATION,
    );
  });

  test('adds all partitions or none', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    const partitions = [
      { topic: TOPIC, partition: 0 },
      { topic: TOPIC, partition: 99 },
    ];
    const request = { transactionalId: 'tx', ...producer };
    const codes = await harness.settle(harness.coordinator.addPartitions(request, partitions));
    const { OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode;
    assert.deepEqual(codes, [OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION]);
    assert.equal(harness.state, 'Empty');
  });

  test('refuses requests that name another producer', async () => {
    const { harness, producer } = await ongoing();
    const stranger = { producerId: 999, producerEpoch: 0 };
    for (const [who, code] of [
      [stranger, ErrorCode.INVALID_PRODUCER_ID_MAPPING],
      [shifted(producer, -1), PRODUCER_FENCED],
      [shifted(producer, 1), PRODUCER_FENCED],
    ] as const) {
      assert.equal(await harness.add(who), code);
      assert.equal(await harness.addGroup(who), code);
      assert.equal(await harness.end(who, 'commit'), code);
    }
    assert.equal(await harness.add(producer, 0, 'unknown'), ErrorCode.INVALID_PRODUCER_ID_MAPPING);
  });

  test('may be followed by the next one at once, before it has ended', async () => {
    const { harness, producer } = await ongoing();
    const ended = harness.coordinator.end({ transactionalId: 'tx', ...producer }, 'commit');
    const added = harness.coordinator.addPartitions({ transactionalId: 'tx', ...producer }, [
      { topic: TOPIC, partition: 1 },
    ]);
    assert.equal(harness.state, 'PrepareCommit');
    assert.deepEqual(await harness.settle(Promise.all([ended, added])), [NONE, NONE]);
    assert.equal(harness.state, 'Ongoing');
    assert.equal(await harness.produce(producer, 'second', 1), NONE);
    assert.equal(await harness.produce(producer, 'late', 0), INVALID_TXN_STATE);
  });

  test('takes requests that were pipelined in their order', async () => {
    const harness = await TransactionHarness.start();
    const producer = { transactionalId: 'tx', ...(await harness.init()) };
    const partitions = [{ topic: TOPIC, partition: 0 }];
    const added = harness.coordinator.addPartitions(producer, partitions);
    const grouped = harness.coordinator.addGroup(producer, 'group');
    const append = { ...producer, topicId: TOPIC, partition: 0 };
    assert.equal(harness.coordinator.verify(append), NONE);
    assert.deepEqual(await harness.settle(Promise.all([added, grouped])), [NONE, NONE]);
  });

  test('costs one round of the common log to end', async () => {
    const { harness, producer } = await ongoing();
    const ended = harness.coordinator.end({ transactionalId: 'tx', ...producer }, 'commit');
    await turns();
    harness.logs.flush(); // the one sync
    assert.equal(await Promise.race([ended, turns(20).then(() => 'waits')]), NONE);
  });

  test('is not ended before decision and markers are durable', async () => {
    const { harness, producer } = await ongoing();
    const ended = harness.coordinator.end({ transactionalId: 'tx', ...producer }, 'commit');
    await turns();
    assert.equal(harness.logs.pendingCount, 2);
    harness.logs.flush({ count: 1 });
    assert.equal(await Promise.race([ended, turns(20).then(() => 'waits')]), 'waits');
    assert.equal(await harness.settle(ended), NONE);
  });

  test('whose marker cannot be written goes on trying', async () => {
    const { harness, producer } = await ongoing();
    harness.logs.brokenPartitions.add('topic/0');
    assert.equal(await harness.end(producer, 'commit'), ErrorCode.CONCURRENT_TRANSACTIONS);
    assert.equal(harness.state, 'PrepareCommit');
    assert.equal(await harness.add(producer), ErrorCode.CONCURRENT_TRANSACTIONS);
    assert.equal((await harness.init()).errorCode, ErrorCode.CONCURRENT_TRANSACTIONS);
    // The other way it can never end: its producer need not ask for that again.
    assert.equal(await harness.end(producer, 'abort'), ErrorCode.INVALID_TXN_STATE);
    harness.logs.brokenPartitions.clear();
    harness.timers.advance(1_000);
    await harness.settle(turns());
    assert.equal(harness.state, 'CompleteCommit');
    assert.equal(await harness.end(producer, 'commit'), NONE);
    assert.deepEqual(harness.visible(), ['first']);
  });
});

describe('a time-out', () => {
  test('aborts the transaction and fences its producer', async () => {
    const { harness, producer } = await ongoing();
    harness.timers.advance(TIMEOUT_MS);
    assert.equal(await harness.produce(producer, 'late'), ErrorCode.INVALID_PRODUCER_EPOCH);
    await harness.settle(turns());
    assert.equal(harness.state, 'CompleteAbort');
    assert.equal(await harness.end(producer, 'commit'), PRODUCER_FENCED);
    assert.equal(await harness.offset(), 'none');
    assert.deepEqual(harness.visible(), []);
    assert.equal((await harness.init('tx', { claimed: producer })).errorCode, PRODUCER_FENCED);
    assert.equal((await harness.init()).producerEpoch, producer.producerEpoch + 2);
  });

  test('aborts also when nothing was written', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    await harness.addGroup(producer);
    harness.timers.advance(TIMEOUT_MS - 1);
    assert.equal(harness.state, 'Ongoing');
    harness.timers.advance(1);
    await harness.settle(turns());
    assert.equal(harness.state, 'CompleteAbort');
  });

  test('counts from the beginning of each transaction', async () => {
    const { harness, producer } = await ongoing();
    harness.timers.advance(TIMEOUT_MS - 1);
    await harness.end(producer, 'commit');
    await harness.add(producer);
    harness.timers.advance(TIMEOUT_MS - 1);
    await harness.add(producer, 1);
    assert.equal(harness.state, 'Ongoing');
    harness.timers.advance(1);
    assert.equal(harness.state, 'PrepareAbort');
  });
});

describe('an idle transactional id', () => {
  test('is forgotten after a week; its producer must begin anew', async () => {
    const { harness, producer } = await ongoing();
    await harness.end(producer, 'commit');
    const day = 24 * 3_600_000;
    harness.timers.advance(6 * day);
    assert.notEqual(harness.state, undefined);
    harness.timers.advance(2 * day);
    assert.equal(harness.state, undefined);
    assert.equal(await harness.add(producer), ErrorCode.INVALID_PRODUCER_ID_MAPPING);
    const next = await harness.init();
    assert.notEqual(next.producerId, producer.producerId);
  });
});

describe('a full disk', () => {
  test('lets nothing begin, and what was begun end', async () => {
    const { harness, producer } = await ongoing();
    harness.logs.isFull = true;
    const { COORDINATOR_NOT_AVAILABLE } = ErrorCode;
    assert.equal(await harness.add(producer, 1), COORDINATOR_NOT_AVAILABLE);
    assert.equal(await harness.addGroup(producer, 'other'), COORDINATOR_NOT_AVAILABLE);
    assert.equal(await harness.commitOffset(producer, 9), COORDINATOR_NOT_AVAILABLE);
    assert.equal((await harness.init('new')).errorCode, COORDINATOR_NOT_AVAILABLE);
    assert.equal(await harness.end(producer, 'commit'), NONE);
    assert.equal(await harness.offset(), 7);
    harness.logs.isFull = false;
    assert.equal(await harness.add(producer, 1), NONE);
  });
});
