import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterDefinition, EngineHarness } from './engine-harness.ts';
import { headerText } from './output/event-record.ts';

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

test('what is decided and not committed is bounded: no more is decided while nothing commits', async () => {
  const decidedBytesMax = 20_000;
  const harness = new EngineHarness({ partitionCount: 1, limits: { decidedBytesMax } });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.broker.network.faults = {
    decide: ({ api }) => (api === 'EndTxn' ? { kind: 'drop-request' } : { kind: 'pass' }),
  };
  await harness.add('x', ones(500));
  await harness.pass(3_000);
  const { decidedBytes } = node.worker();
  assert.ok(decidedBytes >= decidedBytesMax && decidedBytes < decidedBytesMax + 1_000);
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await harness.untilTotals(501);
  assert.equal(node.worker().decidedBytes, 0);
});

test('while intake is paused the log says why, and afterwards that it goes on', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { backlogBytesMax: 10_000 } });
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.journalFaults.isDown = true;
  await harness.add('x', ones(100));
  await harness.pass(5_000);
  const intake = (): string[] => harness.reports.filter((line) => line.includes('Intake'));
  assert.match(intake().join(), /^warn: Intake is paused: \d+ bytes of committed events wait/);
  harness.journalFaults.heal();
  await harness.untilTotals(101);
  await harness.pass(1_000);
  assert.match(intake().slice(1).join(), /^info: Intake goes on/);
});

test('a journal at its limit is no trouble: intake goes on as fast as it does', async () => {
  const harness = new EngineHarness({
    partitionCount: 1,
    limits: { backlogBytesMax: 10_000, journalBatchRows: 5 },
  });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.journalFaults.delayMs = 500;
  await harness.add('x', ones(300));
  for (let seconds = 0; seconds < 10; seconds++) {
    await harness.pass(1_000);
    assert.equal(node.worker().isProcessing, true);
  }
  assert.ok((await harness.totalsOf('x')).length < 301, 'The backlog holds intake up.');
  assert.deepEqual(
    harness.reports.filter((line) => line.includes('Intake')),
    [],
  );
});

async function transactionsForThousand(behindRecords: number): Promise<number> {
  const limits = { behindRecords, fetchBytesMax: 1_000, fetchPartitionBytesMax: 1_000 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const { counters } = node.worker();
  const before = counters.transactionsCommitted;
  // Each answer brings one batch of ten.
  harness.broker.network.faults = {
    decide: ({ api }) => (api === 'Fetch' ? { kind: 'delay', delayMs: 5 } : { kind: 'pass' }),
  };
  await Promise.all(Array.from({ length: 100 }, () => harness.add('x', ones(10))));
  await harness.untilTotals(1_001);
  return counters.transactionsCommitted - before;
}

test('while the inputs lag fewer transactions carry the same', async () => {
  const gathered = await transactionsForThousand(50);
  const atOnce = await transactionsForThousand(10_000);
  assert.ok(gathered * 2 <= atOnce, `${gathered} instead of ${atOnce}`);
});

test('an outcome that fits in no transaction is an error to its sender, and changes nothing', async () => {
  const counter = new CounterDefinition().definition;
  const large = Buffer.alloc(2_000_000);
  const decide: typeof counter.decide = (state, command, context) => {
    const decision = counter.decide(state, command, context);
    if (decision.kind !== 'decided' || !('add' in command) || command.add !== 7) return decision;
    return { ...decision, outputs: [{ topic: 'totals', key: 'x', value: large }] };
  };
  const harness = new EngineHarness({ partitionCount: 1, definition: { decide } });
  const node = await harness.startNode('a');
  await harness.add('x', [1, 7, 2]);
  await harness.untilTotals(2);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3]);
  const [letter] = await harness.read('dead');
  assert.equal(headerText(letter?.headers ?? [], 'dl-code'), 'too-large');
  assert.deepEqual(node.worker().troubles(), []);
});

test('records of a shard that go into several transactions keep their order', async () => {
  const limits = { transactionBytesMax: 1_000, decidedBytesMax: 5_000 };
  const harness = new EngineHarness({ partitionCount: 2, limits });
  await harness.startNode('a');
  for (const id of ['x', 'y', 'z']) await harness.add(id, ones(100));
  await harness.untilTotals(300);
  const upTo = Array.from({ length: 100 }, (_, index) => index + 1);
  for (const id of ['x', 'y', 'z']) assert.deepEqual(await harness.totalsOf(id), upTo);
});

test('parked records at their cap hold the inputs back, also when their entity is idle for long', async () => {
  const limits = { parkedRecordsMaxPerShard: 2, entityIdleMs: 1_000 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  const node = await harness.startNode('a');
  await harness.add('bad', [13, 1]);
  await harness.untilCount('quarantine', 2);
  await harness.pass(10_000);
  await harness.add('good', [1]);
  await harness.pass(1_000);
  assert.deepEqual(await harness.totalsOf('good'), []);
  assert.equal(node.worker().shards()[0]?.lag, 1);
});

test('recovery reads the rows after the newest snapshot, whatever the age of the entity', async () => {
  const limits = { snapshotEveryEvents: 10, entityIdleMs: 1_000 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  await harness.startNode('a');
  await harness.add('x', ones(205));
  await harness.untilTotals(205);
  await harness.pass(4_000);
  // Recovery would refuse this gap if it read that far back.
  const rows = harness.store.rows('counter', 'x') as unknown as unknown[];
  rows.splice(0, 150);
  await harness.add('x', [1]);
  await harness.untilTotals(206);
  assert.equal((await harness.totalsOf('x')).at(-1), 206);
});

test('the cold entities of a fetched batch are recovered together, not one by one', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const ids = Array.from({ length: 100 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  harness.journalFaults.delayMs = 100;
  const startMs = harness.timers.clock.monotonicMs();
  await harness.startNode('a');
  await harness.untilTotals(100);
  // Each recovery reads twice.
  assert.ok(harness.timers.clock.monotonicMs() - startMs < (ids.length * 2 * 100) / 10);
});

test('an entity stays active while a history of it is read', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { entityIdleMs: 1_000 } });
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  await harness.pass(500);
  harness.journalFaults.delayMs = 5_000;
  await harness.ask('x', 1);
  await harness.pass(3_000);
  harness.journalFaults.delayMs = 0;
  await harness.add('x', [2]);
  await harness.untilTotals(2);
  await harness.untilCount('answers', 1);
  await harness.add('x', [3]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
});
