import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from './engine-harness.ts';

test('a worker decides records, puts outputs out and journals the events', async () => {
  const harness = new EngineHarness();
  const node = await harness.startNode('a');
  await harness.add('x', [1, 2, 3]);
  await harness.add('y', [10]);
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
  assert.deepEqual(await harness.totalsOf('y'), [10]);
  await harness.settle(node.worker().stop());
  assert.deepEqual(seqsOf(harness, 'x'), [0, 1, 2]);
  assert.deepEqual(seqsOf(harness, 'y'), [0]);
});

function seqsOf(harness: EngineHarness, id: string): number[] {
  return harness.store.rows('counter', id).map(({ seq }) => seq);
}
