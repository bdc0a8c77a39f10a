import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../wire/error-codes.ts';
import { nextEpoch, succeedProducer } from './producer-succession.ts';
import { SimulatedLogs } from './simulated-logs.ts';
import { TOPIC, TransactionHarness, turns } from './transaction-harness.ts';
import { NO_PRODUCER, type StoredTransaction } from './transaction.ts';

const { NONE, PRODUCER_FENCED } = ErrorCode;

describe('InitProducerId', () => {
  test('gives a new transactional id a new producer id and epoch 0', async () => {
    const harness = await TransactionHarness.start();
    const first = await harness.init('one');
    const second = await harness.init('two');
    assert.equal(first.producerEpoch, 0);
    assert.equal(second.producerEpoch, 0);
    assert.notEqual(first.producerId, second.producerId);
  });

  test('fences the producer before', async () => {
    const harness = await TransactionHarness.start();
    const before = await harness.init();
    const after = await harness.init();
    assert.deepEqual(after, { ...before, producerEpoch: 1 });
    assert.equal(await harness.add(before), PRODUCER_FENCED);
    assert.equal(await harness.add(after), NONE);
  });

  test('aborts what the producer before left open, then answers', async () => {
    const harness = await TransactionHarness.start();
    const before = await harness.init();
    await harness.add(before);
    await harness.produce(before, 'abandoned');
    await harness.addGroup(before);
    await harness.commitOffset(before, 3);
    const after = await harness.init();
    assert.equal(after.errorCode, NONE);
    assert.equal(after.producerEpoch, before.producerEpoch + 2, 'one epoch only to fence with');
    assert.deepEqual(harness.visible(), []);
    assert.equal(await harness.offset(), 'none');
    assert.equal(await harness.end(before, 'commit'), PRODUCER_FENCED);
    await harness.add(after);
    await harness.produce(after, 'new');
    await harness.end(after, 'commit');
    assert.deepEqual(harness.visible(), ['new'], 'what was abandoned stays away after a commit');
  });

  test('answers only when what it took over has ended', async () => {
    const harness = await TransactionHarness.start();
    const before = await harness.init();
    await harness.add(before);
    await harness.produce(before, 'abandoned');
    const request = { transactionalId: 'tx', timeoutMs: 1_000, claimed: NO_PRODUCER };
    const answered = harness.coordinator.initProducer(request);
    await turns();
    harness.logs.flush({ count: 1 });
    assert.equal(await Promise.race([answered, turns(20).then(() => 'waits')]), 'waits');
    assert.equal((await harness.settle(answered)).errorCode, NONE);
  });

  test('with its own id and epoch is the same producer, one epoch on', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    const bumped = await harness.init('tx', { claimed: producer });
    assert.deepEqual(bumped, { ...producer, producerEpoch: 1 });
  });

  test('gets the same answer when that was lost', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    const bumped = await harness.init('tx', { claimed: producer });
    assert.deepEqual(await harness.init('tx', { claimed: producer }), bumped);
    await harness.add(bumped);
    assert.deepEqual(
      await harness.init('tx', { claimed: producer }),
      bumped,
      'a late duplicate does not disturb the transaction that has begun since',
    );
    assert.equal(harness.state, 'Ongoing');
  });

  test('with its own id and epoch aborts what it has open itself, without being fenced', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    await harness.add(producer);
    await harness.produce(producer, 'half');
    const bumped = await harness.init('tx', { claimed: producer });
    assert.deepEqual(bumped, { ...producer, producerEpoch: 2 });
    assert.deepEqual(harness.visible(), []);
    assert.deepEqual(await harness.init('tx', { claimed: producer }), bumped);
  });

  test('with an id or epoch that somebody else has taken over is fenced', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    const successor = await harness.init();
    await harness.add(successor);
    assert.equal((await harness.init('tx', { claimed: producer })).errorCode, PRODUCER_FENCED);
    assert.equal(harness.state, 'Ongoing', 'a fenced producer does not end its successor');
    const stranger = { producerId: 999, producerEpoch: 0 };
    assert.equal((await harness.init('tx', { claimed: stranger })).errorCode, PRODUCER_FENCED);
  });

  test('with an id that the broker has forgotten gets a new one', async () => {
    const harness = await TransactionHarness.start();
    const claimed = { producerId: 999, producerEpoch: 4 };
    const producer = await harness.init('tx', { claimed });
    assert.equal(producer.errorCode, NONE);
    assert.equal(producer.producerEpoch, 0);
  });

  test('refuses a time-out that is none, or longer than the broker allows', async () => {
    const harness = await TransactionHarness.start();
    for (const timeoutMs of [0, -1, 15 * 60_000 + 1]) {
      const { errorCode } = await harness.init('tx', { timeoutMs });
      assert.equal(errorCode, ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    }
  });

  test('changes to a new producer id when the epochs are used up', async () => {
    const harness = await startedWith({ producerId: 5, producerEpoch: 32_765 });
    const last = await harness.init('tx', { claimed: { producerId: 5, producerEpoch: 32_765 } });
    assert.equal(last.producerEpoch, 32_766);
    await harness.add(last);
    await harness.produce(last, 'abandoned');
    const renewed = await harness.init();
    assert.notEqual(renewed.producerId, 5);
    assert.equal(renewed.producerEpoch, 0);
    assert.deepEqual(harness.visible(), []);
    assert.equal(await harness.add(last), ErrorCode.INVALID_PRODUCER_ID_MAPPING);
    assert.equal(
      harness.coordinator.verify({ ...last, topicId: TOPIC, partition: 0 }),
      ErrorCode.INVALID_PRODUCER_ID_MAPPING,
    );
  });

  test('gives two that come at once two epochs, of which the later counts', async () => {
    const harness = await TransactionHarness.start();
    const both = await Promise.all([harness.init(), harness.init()]);
    const epochs = both.map(({ producerEpoch }) => producerEpoch).toSorted((a, b) => a - b);
    assert.deepEqual(epochs, [0, 1]);
    for (const producer of both) {
      const isLater = producer.producerEpoch === 1;
      assert.equal(await harness.add(producer), isLater ? NONE : PRODUCER_FENCED);
    }
  });

  test('never gives an id twice, whenever the power fails', async () => {
    let harness = await TransactionHarness.start();
    const seen = new Set<number>();
    for (let round = 0; round < 5; round++) {
      for (let count = 0; count < 700; count++) {
        const { producerId } = await harness.settle(harness.coordinator.newProducer());
        assert.ok(!seen.has(producerId));
        seen.add(producerId);
      }
      harness = await harness.restart();
    }
  });
});

describe('the succession of producers', () => {
  const current = { producerId: 1, producerEpoch: 32_766 };

  test('recognizes the retry of a request that got a new id', () => {
    const claimed = current;
    const first = succeedProducer({ current, last: NO_PRODUCER, claimed });
    assert.deepEqual(first, { kind: 'next', last: current });
    assert.equal(nextEpoch(current), undefined);
    const renewed = { producerId: 2, producerEpoch: 0 };
    const again = succeedProducer({ current: renewed, last: current, claimed });
    assert.deepEqual(again, { kind: 'unchanged' });
  });

  test('never takes a new producer for a retry', () => {
    const taken = succeedProducer({ current, last: NO_PRODUCER, claimed: NO_PRODUCER });
    assert.deepEqual(taken, { kind: 'next', last: NO_PRODUCER });
  });
});

/** A broker whose journal says that this producer has the transactional id. */
async function startedWith(producer: { producerId: number; producerEpoch: number }) {
  const transaction: StoredTransaction = {
    ...producer,
    transactionalId: 'tx',
    lastProducerId: -1,
    lastProducerEpoch: -1,
    timeoutMs: 1_000,
    state: 'Empty',
    partitions: [],
    groups: [],
    startedAtMs: -1,
    updatedAtMs: 0,
  };
  const records = [
    ['producer-ids', { reservedBelow: 1_000 }],
    ['transactions', { kind: 'transaction', transaction }],
  ];
  const entries = records.map((record) => ({
    log: 'journal' as const,
    bytes: Buffer.from(JSON.stringify(record)),
  }));
  return TransactionHarness.start(new SimulatedLogs({ isCommon: true }, entries));
}
