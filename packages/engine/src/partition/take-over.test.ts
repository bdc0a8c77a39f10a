import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournalStore } from '@chat-cluster/journal';
import { EngineHarness, type HarnessNode } from '../engine-harness.ts';

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** A node has processed three records of x, all of it is in the journal, and it has stopped. */
async function afterThree(): Promise<EngineHarness> {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('x', ones(3));
  await harness.untilTotals(3);
  await harness.settle(node.worker().stop());
  return harness;
}

function reset(
  harness: EngineHarness,
  topic: string,
  offset: number,
  metadata = '',
): Promise<void> {
  const offsets = [{ topic, partition: 0, offset, metadata }];
  return harness.settle(harness.outside.admin.resetOffsets({ groupId: 'counters', offsets }));
}

async function untilStopped(harness: EngineHarness, node: HarnessNode): Promise<string> {
  await harness.until(() => node.worker().troubles().length > 0, 'a shard to stop');
  return node.worker().troubles().join();
}

test('an offset that somebody has reset stops the shard, and nothing is processed', async () => {
  const harness = await afterThree();
  await reset(harness, 'add', 0);
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /was set to 0 by somebody else/);
  assert.deepEqual(await harness.totalsOf('x'), [1, 2, 3]);
});

test('an offset of ours that was set back stops the shard: the event topic has more events', async () => {
  const harness = await afterThree();
  for (const input of ['add', 'ask', 'control']) {
    const [described] = await harness.settle(harness.outside.admin.describeTopics([input]));
    await reset(harness, input, 0, `cc1;${described?.topicId};1`);
  }
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /disagree on how many events there are/);
});

/** The offsets of all inputs now say that the shard has four events; there are three. */
async function afterThreeOfFour(): Promise<EngineHarness> {
  const harness = await afterThree();
  for (const input of ['add', 'ask', 'control']) {
    const [described] = await harness.settle(harness.outside.admin.describeTopics([input]));
    await reset(harness, input, input === 'add' ? 3 : 0, `cc1;${described?.topicId};4`);
  }
  return harness;
}

test('an event topic that stays shorter than the offsets say stops the shard', async () => {
  const harness = await afterThreeOfFour();
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /disagree on how many events there are/);
});

test('an event that comes late is read again, and the shard goes on with it', async () => {
  const harness = await afterThreeOfFour();
  const node = await harness.startNode('b');
  await harness.pass(1_000);
  const [first, second, event] = await harness.readPartition('counter_events', 0);
  assert.ok(first && second && event);
  const headers = event.headers.map(({ key, value }) => ({
    key,
    value: key === 'number' ? '4' : key === 'seq' ? '3' : value,
  }));
  const value = Buffer.from('{"added":1,"total":4}');
  await harness.send('counter_events', 'x', [{ key: event.key, value, headers }]);
  await harness.add('x', [1]);
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('x'), [1, 2, 3, 5]);
  assert.deepEqual(node.worker().troubles(), []);
});

test('a group that others have used before stops the shard', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await reset(harness, 'add', 5);
  const node = await harness.startNode('a');
  assert.match(await untilStopped(harness, node), /that this program did not commit/);
});

test('a journal that knows nothing of what was committed stops the shard', async () => {
  const harness = await afterThree();
  harness.store = new MemoryJournalStore();
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /the journal knows nothing of it/);
});

test('an event topic that was created anew stops the shard', async () => {
  const harness = await afterThree();
  harness.broker.deleteTopic('counter_events');
  harness.broker.createTopic({ topic: 'counter_events', partitionCount: 1 });
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /is not the one that shard 0 has written to/);
});

test('an event topic that was created anew is noticed although it is long enough', async () => {
  const harness = await afterThree();
  harness.broker.deleteTopic('counter_events');
  harness.broker.createTopic({ topic: 'counter_events', partitionCount: 1 });
  const strange = { key: null, value: Buffer.from('hello'), headers: [] };
  await harness.send(
    'counter_events',
    'x',
    Array.from({ length: 20 }, () => strange),
  );
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /is not the one that shard 0 has written to/);
});

test('an event topic that vanishes while a shard is taken over stops the shard', async () => {
  const harness = await afterThree();
  harness.journalFaults.delayMs = 100;
  harness.reports.length = 0;
  const starting = harness.startNode('b');
  await harness.until(() => harness.reports.at(-1)?.includes('assigned') === true, 'an assignment');
  harness.broker.deleteTopic('counter_events');
  const node = await starting;
  assert.match(await untilStopped(harness, node), /is not the one that shard 0 has written to/);
});

test('an input topic that was created anew begins at its start, and its offsets are guarded from then on', async () => {
  const harness = await afterThree();
  harness.broker.deleteTopic('add');
  harness.broker.createTopic({ topic: 'add', partitionCount: 1 });
  await harness.add('x', ones(2));
  const second = await harness.startNode('b');
  await harness.untilTotals(5);
  assert.deepEqual(await harness.totalsOf('x'), upTo(5));
  await harness.settle(second.worker().stop());
  await reset(harness, 'add', 0);
  const third = await harness.startNode('c');
  assert.match(await untilStopped(harness, third), /was set to 0 by somebody else/);
});

test('records that retention deleted before they were processed stop the shard', async () => {
  const harness = await afterThree();
  await harness.add('x', ones(5));
  harness.broker.deleteRecords({ topic: 'add', partition: 0, offsetBefore: 6 });
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /add, partition 0, cannot be read on/);
});

/** A node has processed six records of x and died; the journal has the first three. */
async function withBacklogOfThree(): Promise<EngineHarness> {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('x', ones(3));
  await harness.untilTotals(3);
  await harness.pass(1_000);
  harness.journalFaults.isDown = true;
  await harness.add('x', ones(3));
  await harness.untilTotals(6);
  node.die();
  harness.journalFaults.heal();
  return harness;
}

test('a backlog is read from the event topic, and written to the journal by its new owner', async () => {
  const harness = await withBacklogOfThree();
  const node = await harness.startNode('b');
  await harness.until(() => harness.seqsOf('x').length === 6, 'six rows');
  await harness.add('x', [1]);
  await harness.untilTotals(7);
  assert.deepEqual(await harness.totalsOf('x'), upTo(7));
  assert.deepEqual(node.worker().troubles(), []);
});

test('offsets of a transaction that is still being ended are waited for', async () => {
  const markerDelayMs = (place: string): number => (place.startsWith('group') ? 2_000 : 0);
  const harness = new EngineHarness({ partitionCount: 1, broker: { markerDelayMs } });
  const first = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  await harness.pass(3_000);
  await harness.add('x', [1]);
  await harness.untilTotals(2);
  first.die();
  const { admin } = harness.outside;
  const { members } = await harness.settle(admin.describeGroup('counters'));
  const memberId = members[0]?.memberId ?? '';
  const reason = 'it is dead';
  await harness.settle(admin.removeMember({ groupId: 'counters', memberId, reason }));
  const second = await harness.startNode('b');
  assert.equal(second.worker().shards()[0]?.phase, 'taking-over');
  await harness.add('x', [1]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), upTo(3));
});

test('events that retention deleted before the journal had them stop the shard', async () => {
  for (const offsetBefore of [5, 'end'] as const) {
    const harness = await withBacklogOfThree();
    const at = { topic: 'counter_events', partition: 0 };
    const [end = 0] = await harness.settle(
      harness.outside.admin.listOffsets([{ ...at, at: 'latest' }]),
    );
    harness.broker.deleteRecords({
      ...at,
      offsetBefore: offsetBefore === 'end' ? end : offsetBefore,
    });
    const node = await harness.startNode('b');
    assert.match(await untilStopped(harness, node), /lacks its event number 4/);
  }
});

test('an event that somebody else has written stops the shard', async () => {
  const harness = await afterThree();
  const [event] = await harness.readPartition('counter_events', 0);
  assert.ok(event);
  const headers = event.headers.map(({ key, value }) => ({
    key,
    value: key === 'number' ? Buffer.from('4') : value,
  }));
  await harness.send('counter_events', 'x', [{ key: event.key, value: event.value, headers }]);
  const node = await harness.startNode('b');
  assert.match(await untilStopped(harness, node), /disagree on how many events there are/);
});

test('a record in the event topic that is no event is passed over', async () => {
  const harness = await afterThree();
  const record = { key: Buffer.from('x'), value: Buffer.from('hello'), headers: [] };
  await harness.send('counter_events', 'x', [record]);
  await harness.startNode('b');
  await harness.add('x', [1]);
  await harness.untilTotals(4);
});

test('a backlog over the bound is written to the journal as it is read', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const first = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.journalFaults.isDown = true;
  for (let count = 0; count < 6; count++) await harness.add('x', ones(500));
  await harness.untilTotals(3_001);
  first.die();
  harness.journalFaults.heal();
  harness.journalFaults.delayMs = 5;
  const bytesMax = 100_000;
  const second = await harness.startNode('b', { limits: { backlogBytesMax: bytesMax } });
  let peakBytes = 0;
  await harness.until(() => {
    peakBytes = Math.max(peakBytes, second.worker().backlogBytes);
    return harness.seqsOf('x').length === 3_001;
  }, 'all rows');
  const firstChunkBytes = 500 * 400;
  assert.ok(peakBytes < bytesMax + firstChunkBytes, `${peakBytes} bytes`);
  await harness.add('x', [1]);
  await harness.untilTotals(3_002);
  assert.equal((await harness.totalsOf('x')).at(-1), 3_002);
});

test('shards that come together ask log and journal together', async () => {
  const harness = new EngineHarness({ partitionCount: 8 });
  const before = await harness.startNode('a');
  for (let index = 0; index < 20; index++) await harness.add(`id-${index}`, [1]);
  await harness.untilTotals(20);
  await harness.settle(before.worker().stop());
  const asked = new Map<string, number>();
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      if (client.startsWith('b')) asked.set(api, (asked.get(api) ?? 0) + 1);
      return { kind: 'pass' };
    },
  };
  const after = await harness.startNode('b');
  const runs = (): boolean =>
    after
      .worker()
      .shards()
      .every(({ phase }) => phase === 'running');
  await harness.until(runs, 'all to run');
  const counts = ['ListTransactions', 'OffsetFetch', 'ListOffsets'].map((api) => asked.get(api));
  assert.deepEqual(counts, [1, 1, 1]);
});
