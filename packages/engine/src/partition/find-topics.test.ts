import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';
import { TopicRefusedError } from './find-topics.ts';

/** What starting a node is refused with after something was done to the topics. */
async function refusal(change: (harness: EngineHarness) => Promise<void> | void): Promise<string> {
  const harness = new EngineHarness({ partitionCount: 3 });
  await change(harness);
  const error: unknown = await harness.startNode('a').catch((reason: unknown) => reason);
  assert.ok(error instanceof TopicRefusedError, String(error));
  return error.message;
}

function recreate(topic: string, partitionCount: number, configs: Record<string, string> = {}) {
  return (harness: EngineHarness): void => {
    harness.broker.deleteTopic(topic);
    harness.broker.createTopic({ topic, partitionCount, configs });
  };
}

test('a topic that is missing is named', async () => {
  for (const topic of ['add', 'ask', 'control', 'counter_events', 'totals', 'dead', 'quarantine']) {
    const message = await refusal(({ broker }) => broker.deleteTopic(topic));
    assert.match(message, new RegExp(`^Topic ${topic} does not exist`));
  }
});

test('inputs, control and event topic have one number of partitions, or the same key has two homes', async () => {
  for (const topic of ['add', 'control', 'counter_events']) {
    assert.match(await refusal(recreate(topic, 4)), /the same key would have two homes/);
  }
});

test('the number of partitions that entities were first placed over stays', async () => {
  const message = await refusal(async (harness) => {
    const node = await harness.startNode('first');
    await harness.settle(node.worker().stop());
    for (const topic of ['add', 'ask', 'control', 'counter_events']) recreate(topic, 4)(harness);
  });
  assert.match(message, /have 4 partitions, and its entities were placed over 3/);
});

test('a compacted input or event topic is refused: its records would vanish', async () => {
  for (const topic of ['add', 'control', 'counter_events']) {
    const message = await refusal(recreate(topic, 3, { 'cleanup.policy': 'delete,compact' }));
    assert.match(message, new RegExp(`^${topic} is compacted`));
  }
});

test('a topic that takes only smaller batches than the engine writes is refused', async () => {
  const message = await refusal(recreate('totals', 3, { 'max.message.bytes': '1000' }));
  assert.match(message, /^totals accepts batches of 1000 bytes/);
});
