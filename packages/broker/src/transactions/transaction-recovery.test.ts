import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../wire/error-codes.ts';
import { SimulatedLogs } from './simulated-logs.ts';
import { TIMEOUT_MS, TOPIC, TransactionHarness, turns } from './transaction-harness.ts';

const { NONE, INVALID_TXN_STATE, PRODUCER_FENCED } = ErrorCode;

/** A producer with an open transaction over two partitions and a group, all acknowledged. */
async function ongoing(isCommon = true) {
  const harness = await TransactionHarness.start(new SimulatedLogs({ isCommon }));
  const producer = await harness.init();
  for (const partition of [0, 1]) {
    await harness.add(producer, partition);
    await harness.produce(producer, 'first', partition);
  }
  await harness.addGroup(producer);
  await harness.commitOffset(producer, 7);
  return { harness, producer };
}

describe('after a power failure', () => {
  test('an open transaction goes on, with its offsets, and can be committed', async () => {
    const { harness, producer } = await ongoing();
    const restarted = await harness.restart();
    assert.equal(restarted.state, 'Ongoing');
    assert.equal(await restarted.offset(), 'unstable');
    assert.equal(await restarted.produce(producer, 'second'), NONE);
    assert.equal(await restarted.end(producer, 'commit'), NONE);
    assert.deepEqual(restarted.visible(), ['first', 'second']);
    assert.equal(await restarted.offset(), 7);
  });

  test('an open transaction times out as if nothing had happened', async () => {
    const { harness, producer } = await ongoing();
    harness.timers.advance(TIMEOUT_MS - 1);
    const restarted = await harness.restart();
    assert.equal(restarted.state, 'Ongoing');
    restarted.timers.advance(1);
    await restarted.settle(turns());
    assert.equal(restarted.state, 'CompleteAbort');
    assert.equal(await restarted.end(producer, 'commit'), PRODUCER_FENCED);
  });

  for (const outcome of ['commit', 'abort'] as const) {
    for (const isCommon of [true, false]) {
      const kind = isCommon ? 'a common log' : 'separate logs';
      test(`a decision to ${outcome} is carried out, on ${kind}, wherever it was cut`, async () => {
        // How much became durable of decision, marker, marker.
        for (const count of [0, 1, 2, 3]) {
          const { harness, producer } = await ongoing(isCommon);
          const request = { transactionalId: 'tx', ...producer };
          const ended = harness.coordinator.end(request, outcome);
          for (let step = 0; step < count; step++) {
            await turns();
            harness.logs.flush({ count: 1 });
          }
          await turns();
          const restarted = await harness.restart();
          void ended;
          const isDecided = count > 0;
          const complete = outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort';
          assert.equal(restarted.state, isDecided ? complete : 'Ongoing');
          assert.equal(await restarted.end(producer, outcome), NONE);
          const seen = outcome === 'commit' ? ['first'] : [];
          assert.deepEqual([restarted.visible(0), restarted.visible(1)], [seen, seen]);
          assert.equal(await restarted.offset(), outcome === 'commit' ? 7 : 'none');
        }
      });
    }
  }

  test('a marker that was written is not written again', async () => {
    const { harness, producer } = await ongoing();
    const ended = harness.coordinator.end({ transactionalId: 'tx', ...producer }, 'commit');
    await turns();
    harness.logs.flush({ count: 2 });
    const restarted = await harness.restart();
    void ended;
    for (const log of ['topic/0', 'topic/1']) {
      const markers = restarted.logs.entriesOf(log).filter(({ kind }) => kind === 'marker');
      assert.equal(markers.length, 1, log);
    }
  });

  test('the markers of a decided transaction do not touch the next one', async () => {
    const { harness, producer } = await ongoing();
    await harness.end(producer, 'abort');
    await harness.add(producer);
    await harness.produce(producer, 'next');
    const restarted = await harness.restart();
    assert.equal(restarted.state, 'Ongoing');
    await restarted.end(producer, 'commit');
    assert.deepEqual(restarted.visible(), ['next']);
  });

  test('a producer that was fenced stays fenced', async () => {
    const { harness, producer } = await ongoing();
    const successor = await harness.init();
    const restarted = await harness.restart();
    assert.equal(await restarted.end(producer, 'commit'), PRODUCER_FENCED);
    assert.equal(await restarted.add(successor), NONE);
  });

  test('an AddPartitions that was answered and lost leaves nothing that could be committed', async () => {
    const harness = await TransactionHarness.start();
    const producer = await harness.init();
    const partitions = [{ topic: TOPIC, partition: 0 }];
    const request = { transactionalId: 'tx', ...producer };
    assert.equal(await harness.coordinator.addPartitions(request, partitions), NONE);
    const restarted = await harness.restart();
    assert.equal(await restarted.produce(producer, 'retried'), INVALID_TXN_STATE);
    assert.equal(await restarted.end(producer, 'commit'), INVALID_TXN_STATE);
  });

  test('on separate logs AddPartitions is answered when it is durable', async () => {
    const harness = await TransactionHarness.start(new SimulatedLogs({ isCommon: false }));
    const producer = await harness.init();
    const partitions = [{ topic: TOPIC, partition: 0 }];
    const request = { transactionalId: 'tx', ...producer };
    const added = harness.coordinator.addPartitions(request, partitions);
    assert.equal(await Promise.race([added, turns(20).then(() => 'waits')]), 'waits');
    assert.equal(await harness.settle(added), NONE);
  });

  test('a batch whose transaction the journal has lost is aborted, and its producer fenced', async () => {
    const harness = await TransactionHarness.start(new SimulatedLogs({ isCommon: false }));
    const producer = await harness.init();
    const request = { transactionalId: 'tx', ...producer };
    // A client that sends its batch before AddPartitions was answered.
    const added = harness.coordinator.addPartitions(request, [{ topic: TOPIC, partition: 0 }]);
    const batch = { ...producer, topicId: TOPIC, partition: 0, value: 'early' };
    const produced = harness.logs.produce(batch);
    harness.logs.flush({ only: (log) => log !== 'journal' });
    await produced;
    const restarted = await harness.restart();
    void added;
    assert.deepEqual(restarted.visible(), []);
    assert.equal(await restarted.add(producer), PRODUCER_FENCED);
  });
});
