import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal } from '@chat-cluster/journal';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../../engine-harness.ts';
import type { InputRecord } from '../../entity/entity-definition.ts';
import { explain, type ExplainQuestion } from './explainer.ts';

test('a message is found by its id wherever it was sent to, or at its entity’s home alone', async () => {
  const harness = new EngineHarness();
  await harness.startNode('a');
  const home = homePartition(Buffer.from('one'), harness.partitionCount);
  const away = (home + 1) % harness.partitionCount;
  harness.filler = 'm1';
  await harness.add('one', [1], away);
  await harness.untilTotals(1);
  harness.filler = 'm2';
  const offset = await harness.add('one', [2]);
  await harness.untilTotals(2);
  const { counter, outside, store, timers } = harness;
  const messageIdOf = (_topic: string, { value }: InputRecord): string | undefined =>
    (JSON.parse(Buffer.from(value ?? []).toString()) as { filler?: string }).filler;
  const options = {
    definition: { ...counter.definition, messageIdOf },
    eventTopic: 'counter_events',
    groupId: 'counters',
    log: outside,
    journal: new MemoryJournal({ timers, store }),
  };
  const placesOf = async (question: ExplainQuestion) =>
    (await harness.settle(explain(options, question))).map(({ record, state }) => [
      record.partition,
      record.offset,
      state,
    ]);
  const sent = [away, 0, 'forwarded'];
  const copy = [home, 0, 'decided'];
  assert.deepEqual(await placesOf({ kind: 'message', messageId: 'm1', entityId: undefined }), [
    sent,
  ]);
  assert.deepEqual(await placesOf({ kind: 'message', messageId: 'm1', entityId: 'one' }), [copy]);
  assert.deepEqual(await placesOf({ kind: 'message', messageId: 'm2', entityId: 'one' }), [
    [home, offset, 'decided'],
  ]);
  assert.deepEqual(await placesOf({ kind: 'message', messageId: 'm3', entityId: undefined }), []);
  const at = { topic: 'add', partition: home, offset };
  assert.deepEqual(await placesOf({ kind: 'record', at }), [[home, offset, 'decided']]);
});
