import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';

test('what fails for a tenure that is over does not stop the next one of its partition', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('warm', [1]);
  await harness.untilTotals(1);
  // The entity's recovery begins, and takes as long as the next tenure needs to begin.
  harness.journalFaults.delayMs = 3_000;
  await harness.add('x', [1]);
  await harness.pass(100);
  harness.journalFaults.delayMs = 0;
  const taking = harness.outside.openTransactionalProducer({ transactionalId: 'counters/a' });
  await harness.settle(taking);
  await harness.ask('warm', 1);
  await harness.untilTotals(2);
  assert.ok(harness.timers.clock.monotonicMs() < 2_500);
  // What the first tenure's read finds now cannot be right.
  const [row] = harness.store.rows('counter', 'x');
  assert.ok(row);
  const rows = [{ ...row, seq: 50 }];
  harness.store.append({ entityType: 'counter', rows, positions: [] }, 'rows');
  await harness.pass(5_000);
  assert.equal(node.worker().shards()[0]?.phase, 'running');
});

test('a fenced worker drops what it has decided, and decides it anew', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  let isHeld = false;
  harness.broker.network.faults = {
    decide: ({ api }) => {
      if (isHeld || api !== 'EndTxn') return { kind: 'pass' };
      isHeld = true;
      return { kind: 'delay', delayMs: 900 };
    },
  };
  await harness.add('x', [2]);
  await harness.until(() => isHeld, 'a transaction that is about to end');
  const taking = harness.outside.openTransactionalProducer({ transactionalId: 'counters/a' });
  await harness.settle(taking);
  await harness.add('x', [3]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
  assert.equal(node.fatal(), undefined);
});
