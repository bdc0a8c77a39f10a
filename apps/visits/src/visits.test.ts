import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from '@chat-cluster/engine';
import { MemoryJournal } from '@chat-cluster/journal';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { MemoryBroker, MemoryLog } from '@chat-cluster/log';
import { visits } from './visits.ts';

test('an entity of thirty lines counts what comes in, exactly, also when its node is another one', async () => {
  const broker = new MemoryBroker({ clock: systemClock, timers: systemTimers });
  const topics = ['visits', 'visits_events', 'visits_control', 'milestones', 'visits_dead_letter'];
  for (const topic of [...topics, 'visits_quarantine']) {
    broker.createTopic({ topic, partitionCount: 1 });
  }
  const journal = new MemoryJournal({ timers: systemTimers });
  const outside = new MemoryLog({ broker, clientName: 'outside' });
  const producer = outside.openProducer();
  for (const node of ['first', 'second']) {
    const worker = await startNode(node, broker, journal);
    const hit = { key: Buffer.from('home'), value: Buffer.from('home'), headers: [] };
    await producer.send(
      { topic: 'visits', partition: 0 },
      Array.from({ length: 50 }, () => hit),
    );
    while (worker.counters.eventsCommitted < 50) {
      await new Promise((resolve) => systemTimers.after(1, () => resolve(undefined)));
    }
    await worker.stop();
  }
  const [end] = await outside.admin.listOffsets([
    { topic: 'milestones', partition: 0, at: 'latest' },
  ]);
  const [topic] = await outside.admin.describeTopics(['milestones']);
  const milestones: unknown[] = [];
  await outside.readRange({
    topic: 'milestones',
    topicId: topic?.topicId ?? '',
    partition: 0,
    offsetFrom: 0,
    offsetUntil: end ?? 0,
    visit: ({ value }) => milestones.push(JSON.parse(Buffer.from(value ?? []).toString())),
  });
  assert.deepEqual(milestones, [{ page: 'home', count: 100 }]);
  await outside.close();
});

function startNode(name: string, broker: MemoryBroker, journal: MemoryJournal) {
  return Worker.start({
    definition: visits,
    groupId: 'visits',
    identity: { name, endpoint: 'localhost:1' },
    log: new MemoryLog({ broker, clientName: name }),
    journal,
    controlTopic: 'visits_control',
    quarantineTopic: 'visits_quarantine',
    clock: systemClock,
    timers: systemTimers,
    report: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
}
