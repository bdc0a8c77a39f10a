import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';

/** More partitions than the quarantine list has. */
const PARTITION_COUNT = 4;

test('the quarantine list may have fewer partitions than the inputs', async () => {
  const harness = new EngineHarness({ partitionCount: PARTITION_COUNT });
  const node = await harness.startNode('a');
  const ids = Array.from({ length: 2 * PARTITION_COUNT }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [13]);
  await harness.untilCount('quarantine', ids.length);
  assert.deepEqual(node.worker().troubles(), []);
});
