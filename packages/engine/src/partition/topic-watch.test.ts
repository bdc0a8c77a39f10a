import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';

const LOOK_MS = 12_000;

for (const topic of ['add', 'control', 'counter_events']) {
  test(`partitions added to ${topic} are not consumed, which health tells; the others go on`, async () => {
    const harness = new EngineHarness({ partitionCount: 3 });
    const node = await harness.startNode('a');
    await harness.add('x', [1]);
    await harness.untilTotals(1);
    assert.deepEqual(node.worker().troubles(), []);
    harness.broker.growTopic(topic, 5);
    if (topic === 'add') await harness.add('y', [1], 4);
    await harness.pass(LOOK_MS);
    const [trouble = '', ...others] = node.worker().troubles();
    assert.match(
      trouble,
      new RegExp(`^${topic} has 5 partitions now, and its entities are placed`),
    );
    assert.match(trouble, /partitions 3 to 4 are not consumed, because .*two homes.*refused/);
    assert.match(trouble, topic === 'counter_events' ? /restore the topic/ : /anew with 3/);
    assert.deepEqual(others, []);
    assert.equal(node.worker().isProcessing, true);
    await harness.add('x', [1]);
    await harness.untilTotals(2);
    assert.deepEqual(await harness.totalsOf('y'), []);
    await harness.pass(LOOK_MS);
    assert.equal(harness.reports.filter((report) => report.includes(trouble)).length, 1);
    await assert.rejects(harness.startNode('b'), /the same key would have two homes/);
    await harness.settle(node.worker().stop());
  });
}

test('a broker that does not answer is asked again later; a topic that was created anew is none that grew', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  harness.broker.growTopic('add', 2);
  harness.broker.network.cut(node.log.clientName);
  await harness.pass(45_000); // longer than an answer is waited for
  assert.deepEqual(node.worker().troubles(), []);
  harness.broker.network.heal(node.log.clientName);
  await harness.pass(LOOK_MS);
  assert.match(node.worker().troubles().join(), /partition 1 is not consumed/);
  harness.broker.deleteTopic('add');
  harness.broker.createTopic({ topic: 'add', partitionCount: 2 });
  await harness.pass(LOOK_MS);
  assert.doesNotMatch(node.worker().troubles().join(), /not consumed/);
});
