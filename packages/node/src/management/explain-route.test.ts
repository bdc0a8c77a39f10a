import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal, MemoryJournalStore } from '@chat-cluster/journal';
import { ManualTimers } from '@chat-cluster/kernel';
import { LogError, MemoryBroker, MemoryLog } from '@chat-cluster/log';
import { ExplainRoute } from './explain-route.ts';

function route(openLog: () => MemoryLog): ExplainRoute {
  const journal = new MemoryJournal({
    timers: new ManualTimers(),
    store: new MemoryJournalStore(),
  });
  const definition = { type: 'x', inputs: {}, outputTopics: [], deadLetterTopic: 'dead' };
  return new ExplainRoute({ definition, eventTopic: 'x_events', groupId: 'g', journal, openLog });
}

const record = 'topic=in&partition=0&offset=0';

test('a question is answered, one that names nothing is told how to ask', async () => {
  const timers = new ManualTimers();
  const broker = new MemoryBroker({ clock: timers.clock, timers });
  const asked = route(() => new MemoryLog({ broker, clientName: 'c' }));
  const { body, status } = await asked.answer(record);
  assert.equal(status, 200);
  const { explanations } = body as { explanations: { state: string }[] };
  assert.deepEqual(
    explanations.map(({ state }) => state),
    ['absent'],
  );
  assert.equal((await asked.answer('topic=in')).status, 400);
  await asked.close();
  assert.equal((await asked.answer(record)).status, 503);
});

test('a log that does not answer is 503 with its sentence, and what is asked next is answered anew', async () => {
  const asked = route(() => {
    throw new LogError('unavailable', 'Kafka is away.');
  });
  for (let time = 0; time < 2; time++) {
    const { body, status } = await asked.answer(record);
    assert.deepEqual([status, body], [503, { error: 'Kafka is away.' }]);
  }
});

test('too many questions at once are refused, and none is lost', async () => {
  const timers = new ManualTimers();
  const broker = new MemoryBroker({ clock: timers.clock, timers });
  const asked = route(() => new MemoryLog({ broker, clientName: 'c' }));
  const answers = await Promise.all(Array.from({ length: 20 }, () => asked.answer(record)));
  const statuses = answers.map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 16);
  assert.equal(statuses.filter((status) => status === 503).length, 4);
  assert.equal((await asked.answer(record)).status, 200);
  await asked.close();
});
