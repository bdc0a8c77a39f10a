import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test('the quarantine list may have fewer partitions than the inputs', async () => {
  const partitionCount = 4;
  const harness = new EngineHarness({ partitionCount });
  const node = await harness.startNode('a');
  const ids = Array.from({ length: 2 * partitionCount }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [13]);
  await harness.untilCount('quarantine', ids.length);
  assert.deepEqual(node.worker().troubles(), []);
});

/** Every part is a transaction of its own, and few records fit in one. */
const smallParts = { partitionBatchBytesMax: 5_000, transactionBytesMax: 1 };

test('a record is parked in one piece with its position, wherever the node dies', async () => {
  for (let transactions = 1; transactions <= 6; transactions++) {
    const harness = new EngineHarness({ partitionCount: 1, limits: smallParts });
    const first = await harness.startNode('a');
    harness.dieAfter(first, 'EndTxn', transactions);
    await harness.add('bad', [13, ...ones(20)]);
    await harness.pass(2_000);
    harness.counter.isBroken = false;
    await harness.startNode('b');
    await harness.control({ entityId: 'bad', action: 'retry' });
    await harness.untilTotals(21);
    assert.deepEqual(
      (await harness.totalsOf('bad')).map((total) => total - 12),
      upTo(21),
    );
  }
});

test('a parked record is decided in one piece with its release, wherever the node dies', async () => {
  for (const partitionBatchBytesMax of [5_000, 5_100, 5_200]) {
    for (let transactions = 1; transactions <= 3; transactions++) {
      const limits = { ...smallParts, partitionBatchBytesMax };
      const harness = new EngineHarness({ partitionCount: 1, limits });
      const first = await harness.startNode('a');
      await harness.add('bad', [13, ...ones(30)]);
      await harness.untilCount('quarantine', 31);
      harness.counter.isBroken = false;
      harness.dieAfter(first, 'EndTxn', transactions);
      await harness.control({ entityId: 'bad', action: 'retry' });
      await harness.pass(2_000);
      await harness.startNode('b');
      await harness.untilTotals(31);
      assert.deepEqual(
        (await harness.totalsOf('bad')).map((total) => total - 12),
        upTo(31),
      );
    }
  }
});

test('a skip that is carried out while the node dies hands on to the records that follow', async () => {
  for (let transactions = 1; transactions <= 4; transactions++) {
    const harness = new EngineHarness({ partitionCount: 1, limits: smallParts });
    const first = await harness.startNode('a');
    const offset = await harness.add('bad', [13, ...ones(20)]);
    await harness.untilCount('quarantine', 21);
    const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
    const position = { topicId: topic?.topicId, partition: 0, offset };
    harness.dieAfter(first, 'EndTxn', transactions);
    await harness.control({ entityId: 'bad', action: 'skip', position });
    await harness.pass(2_000);
    await harness.startNode('b');
    await harness.untilTotals(20);
    assert.deepEqual(await harness.totalsOf('bad'), upTo(20));
  }
});
