import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../engine-harness.ts';
import { headerText } from '../output/event-record.ts';

function addOf(id: string, key: Uint8Array | null = Buffer.from(id)) {
  return { key, value: Buffer.from(JSON.stringify({ id, add: 1 })), headers: [] };
}

test('an id that no journal can keep makes its record a dead letter, and the partition goes on', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  const ids = ['', '\uD800', 'x'.repeat(257)];
  await harness.send(
    'add',
    '',
    ids.map((id) => addOf(id)),
  );
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const letters = await harness.read('dead');
  assert.deepEqual(
    letters.map(({ headers }) => headerText(headers, 'dl-code')),
    ids.map(() => 'invalid-entity-id'),
  );
  await harness.settle(node.worker().stop());
  assert.deepEqual(harness.seqsOf('x'), [0]);
});

test('a key that is not UTF-8 brings no entity to life away from its home', async () => {
  const harness = new EngineHarness({ partitionCount: 8 });
  const replacement = '\uFFFD';
  const home = homePartition(Buffer.from(replacement), 8);
  const keys = Array.from({ length: 64 }, (_, index) => Buffer.from([0xff - index]));
  const key = keys.find((each) => homePartition(each, 8) !== home) ?? Buffer.alloc(0);
  const away = homePartition(key, 8);
  const ids = Array.from({ length: 64 }, (_, index) => `id-${index}`);
  const neighbour = ids.find((id) => homePartition(Buffer.from(id), 8) === away) ?? '';
  await harness.send('add', '', [addOf(neighbour), addOf(replacement, key)], away);
  const node = await harness.startNode('a');
  await harness.untilTotals(2);
  const [event] = await harness.readPartition('counter_events', home);
  assert.equal(Buffer.from(event?.key ?? []).toString(), replacement);
  assert.equal(node.worker().counters.forwarded, 1);
});

test('a time that no clock shows neither deletes nor refuses an event', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  const producer = harness.outside.openProducer();
  const times = [0, -1, 2 ** 62, Number.MAX_SAFE_INTEGER];
  for (const timestampMs of times) {
    const record = { ...addOf('x'), timestampMs };
    await harness.settle(producer.send({ topic: 'add', partition: 0 }, [record]));
  }
  await harness.untilTotals(times.length);
  await harness.pass(1_000);
  const rowTimes = harness.store.rows('counter', 'x').map(({ timestampMs }) => timestampMs);
  assert.deepEqual(rowTimes, times);
});

test('a record away from home that is too large to be forwarded is a dead letter, and the partition goes on', async () => {
  const partitionBatchBytesMax = 64 * 1024;
  const harness = new EngineHarness({ partitionCount: 2, limits: { partitionBatchBytesMax } });
  const node = await harness.startNode('a');
  const away = 1 - homePartition(Buffer.from('x'), 2);
  harness.filler = 'x'.repeat(partitionBatchBytesMax);
  await harness.add('x', [1], away);
  harness.filler = undefined;
  await harness.add('x', [2], away);
  await harness.untilTotals(1);
  assert.deepEqual(await harness.totalsOf('x'), [2]);
  const [letter] = await harness.read('dead');
  assert.equal(headerText(letter?.headers ?? [], 'dl-code'), 'too-large');
  assert.deepEqual(node.worker().troubles(), []);
});
