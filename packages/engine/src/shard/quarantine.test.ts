import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';

/** Few records of this size fit in one part when they are parked. */
const filler = 'x'.repeat(3_000);

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

/** Every part is a transaction of its own. */
const smallParts = { partitionBatchBytesMax: 65_536, transactionBytesMax: 1 };

test('a record is parked in one piece with its position, wherever the node dies', async () => {
  for (let transactions = 1; transactions <= 6; transactions++) {
    const harness = new EngineHarness({ partitionCount: 1, limits: smallParts });
    harness.filler = filler;
    const first = await harness.startNode('a');
    harness.dieAfter(first, 'EndTxn', transactions);
    await harness.add('bad', [13, ...ones(60)]);
    await harness.pass(2_000);
    harness.counter.isBroken = false;
    await harness.startNode('b');
    await harness.control({ entityId: 'bad', action: 'retry' });
    await harness.untilTotals(61);
    assert.deepEqual(
      (await harness.totalsOf('bad')).map((total) => total - 12),
      upTo(61),
    );
  }
});

test('a parked record is decided in one piece with its release, wherever the node dies', async () => {
  for (const partitionBatchBytesMax of [65_536, 65_636, 65_736]) {
    for (let transactions = 1; transactions <= 3; transactions++) {
      const limits = { ...smallParts, partitionBatchBytesMax, retryRecordsMax: 1_000 };
      const harness = new EngineHarness({ partitionCount: 1, limits });
      const first = await harness.startNode('a');
      await harness.add('bad', [13, ...ones(500)]);
      await harness.untilCount('quarantine', 501);
      harness.counter.isBroken = false;
      harness.dieAfter(first, 'EndTxn', transactions);
      await harness.control({ entityId: 'bad', action: 'retry' });
      await harness.pass(2_000);
      await harness.startNode('b');
      await harness.untilTotals(501);
      assert.deepEqual(
        (await harness.totalsOf('bad')).map((total) => total - 12),
        upTo(501),
      );
    }
  }
});

test('a skip that is carried out while the node dies hands on to the records that follow', async () => {
  for (let transactions = 1; transactions <= 4; transactions++) {
    const limits = { ...smallParts, retryRecordsMax: 1_000 };
    const harness = new EngineHarness({ partitionCount: 1, limits });
    const first = await harness.startNode('a');
    const offset = await harness.add('bad', [13, ...ones(500)]);
    await harness.untilCount('quarantine', 501);
    const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
    const position = { topicId: topic?.topicId, partition: 0, offset };
    harness.dieAfter(first, 'EndTxn', transactions);
    await harness.control({ entityId: 'bad', action: 'skip', position });
    await harness.pass(2_000);
    await harness.startNode('b');
    await harness.untilTotals(500);
    assert.deepEqual(await harness.totalsOf('bad'), upTo(500));
  }
});

test('a record of very many headers becomes a dead letter that fits, and the partition goes on', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  const headers = Array.from({ length: 20_000 }, () => ({ key: 'h', value: Buffer.alloc(0) }));
  const value = Buffer.alloc(780_000, 'not JSON');
  await harness.send('add', 'x', [{ key: null, value, headers }]);
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  assert.deepEqual(node.worker().troubles(), []);
  assert.equal((await harness.read('dead')).length, 1);
});
