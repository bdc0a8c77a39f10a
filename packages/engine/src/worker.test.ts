import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from './engine-harness.ts';
import { headerText } from './output/event-record.ts';

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

test('a worker decides records, puts outputs out and journals the events', async () => {
  const harness = new EngineHarness();
  const node = await harness.startNode('a');
  await harness.add('x', [1, 2, 3]);
  await harness.add('y', [10]);
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
  assert.deepEqual(await harness.totalsOf('y'), [10]);
  await harness.settle(node.worker().stop());
  assert.deepEqual(harness.seqsOf('x'), [0, 1, 2]);
  assert.deepEqual(harness.seqsOf('y'), [0]);
});

test('an event carries its seq, the number among the events of its shard, the time and the source of its input', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.add('y', [1, 1]);
  await harness.untilTotals(3);
  const events = await harness.read('counter_events');
  assert.deepEqual(
    events.map(({ headers }) => [headerText(headers, 'seq'), headerText(headers, 'number')]),
    [
      ['0', '1'],
      ['0', '2'],
      ['1', '3'],
    ],
  );
  const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
  const sources = events.map(({ headers }) => headerText(headers, 'source'));
  assert.deepEqual(
    sources,
    [0, 1, 2].map((offset) => `${topic?.topicId}/0/${offset}`),
  );
  assert.ok(events.every(({ headers }) => Number(headerText(headers, 'time')) > 0));
});

test('a record on another partition goes home once, with its origin, and is decided there', async () => {
  const harness = new EngineHarness();
  const node = await harness.startNode('a');
  const home = homePartition(Buffer.from('x'), harness.partitionCount);
  const away = (home + 1) % harness.partitionCount;
  await harness.add('x', [5], away);
  await harness.untilTotals(1);
  assert.deepEqual(await harness.totalsOf('x'), [5]);
  const copies = (await harness.read('add')).filter(({ headers }) => headers.length > 0);
  assert.equal(copies.length, 1);
  assert.match(headerText(copies[0]?.headers ?? [], 'fw-from') ?? '', new RegExp(`/${away}/0$`));
  assert.equal(node.worker().counters.forwarded, 1);
});

test('a forwarded record that is still not at home becomes a dead letter', async () => {
  const harness = new EngineHarness();
  await harness.startNode('a');
  const away =
    (homePartition(Buffer.from('x'), harness.partitionCount) + 1) % harness.partitionCount;
  const value = Buffer.from(JSON.stringify({ id: 'x', add: 1 }));
  const headers = [{ key: 'fw-from', value: Buffer.from('add/id/0/0') }];
  await harness.send('add', 'x', [{ key: null, value, headers }], away);
  await harness.untilCount('dead', 1);
  const [letter] = await harness.read('dead');
  assert.equal(headerText(letter?.headers ?? [], 'dl-code'), 'not-at-home');
  assert.ok(harness.reports.some((line) => /^error: .* is not at home/.test(line)));
  assert.deepEqual(await harness.totalsOf('x'), []);
});

test('what cannot be read becomes a dead letter with its origin and bytes, and the partition goes on', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  const key = Buffer.from('some key');
  await harness.send('add', 'x', [
    {
      key,
      value: Buffer.from('{"id":"x"}'),
      headers: [{ key: 'mine', value: Buffer.from('kept') }],
    },
    { key: null, value: Buffer.from('not JSON'), headers: [] },
    { key: null, value: null, headers: [] },
  ]);
  await harness.add('x', [7]);
  await harness.untilTotals(1);
  const letters = await harness.read('dead');
  assert.deepEqual(
    letters.map(({ value }) => text(value)),
    ['{"id":"x"}', 'not JSON', ''],
  );
  assert.deepEqual(
    letters.map(({ headers }) => headerText(headers, 'dl-offset')),
    ['0', '1', '2'],
  );
  assert.equal(headerText(letters[0]?.headers ?? [], 'mine'), 'kept');
  assert.equal(headerText(letters[0]?.headers ?? [], 'dl-code'), 'invalid');
  assert.equal(text(letters[0]?.key), 'some key');
  assert.deepEqual(await harness.totalsOf('x'), [7]);
  assert.equal(node.worker().counters.deadLetters, 3);
  await harness.pass(2_000);
  const told = harness.reports.filter((line) => line.includes('became dead letters'));
  assert.match(told.join(), /^warn: [^,]*"count":3/);
});

test('a node that crashes between commit and journal leaves a backlog that the next one finds', async () => {
  const harness = new EngineHarness();
  const first = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.journalFaults.isDown = true;
  await harness.add('x', [2, 3]);
  await harness.untilTotals(3);
  first.die();
  harness.journalFaults.heal();
  const second = await harness.startNode('a');
  await harness.add('x', [4]);
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6, 10]);
  await harness.settle(second.worker().stop());
  assert.deepEqual(harness.seqsOf('x'), [0, 1, 2, 3]);
});

test('two nodes share the shards, and the one that joins gets its half without loss or repeat', async () => {
  const harness = new EngineHarness({ partitionCount: 8 });
  const a = await harness.startNode('a');
  const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1, 1]);
  const b = await harness.startNode('b');
  for (const id of ids) await harness.add(id, [1, 1]);
  await harness.untilTotals(80);
  await harness.until(() => b.worker().shards().length === 4, 'four shards on b');
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(100);
  for (const id of ids) assert.deepEqual(await harness.totalsOf(id), [1, 2, 3, 4, 5]);
  assert.equal(a.worker().shards().length, 4);
  assert.ok(b.worker().counters.eventsCommitted > 0);
  await harness.settle(a.worker().stop());
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(120);
  await harness.settle(b.worker().stop());
  for (const id of ids) assert.deepEqual(harness.seqsOf(id), [0, 1, 2, 3, 4, 5]);
});

test('the shards of a node that dies go to the other one, and its open transaction is fenced', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const a = await harness.startNode('a');
  const b = await harness.startNode('b');
  await harness.until(() => b.worker().shards().length === 2, 'two shards on b');
  const ids = Array.from({ length: 12 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(12);
  harness.dieAfter(a, 'AddPartitionsToTxn', 1);
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(24);
  for (const id of ids) assert.deepEqual(await harness.totalsOf(id), [1, 2]);
  assert.equal(b.worker().shards().length, 4);
});

test('an entity whose code throws is quarantined alone, and every later record of it waits', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('bad', [1, 13, 2]);
  await harness.add('good', [1, 2]);
  await harness.untilTotals(3);
  await harness.untilCount('quarantine', 2);
  assert.deepEqual(await harness.totalsOf('bad'), [1]);
  assert.deepEqual(await harness.totalsOf('good'), [1, 3]);
  const listed = (await harness.values('quarantine')).at(-1) as {
    parkedCount: number;
    reason: string;
  };
  assert.equal(listed.parkedCount, 2);
  assert.equal(listed.reason, 'thirteen is unlucky');
  assert.equal(node.worker().counters.parked, 2);
});

for (const unlucky of [13, 14]) {
  test(`a retry after the code was mended decides what was parked, in order (${unlucky})`, async () => {
    const harness = new EngineHarness({ partitionCount: 1 });
    const first = await harness.startNode('a');
    await harness.add('bad', [1, unlucky, 2]);
    await harness.untilCount('quarantine', 2);
    await harness.settle(first.worker().stop());
    harness.counter.isBroken = false;
    await harness.startNode('a');
    await harness.control({ entityId: 'bad', action: 'retry' });
    await harness.add('bad', [3]);
    await harness.untilTotals(4);
    assert.deepEqual(await harness.totalsOf('bad'), [1, 1 + unlucky, 3 + unlucky, 6 + unlucky]);
    assert.equal((await harness.values('quarantine')).at(-1), null);
  });
}

test('skip leaves a parked record out and edit replaces it; a command that comes twice hits no other', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('bad', [1, 13, 2, 13, 5]);
  await harness.untilCount('quarantine', 4);
  const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
  const at = (offset: number) => ({ topicId: topic?.topicId, partition: 0, offset });
  const skip = { entityId: 'bad', action: 'skip', position: at(1) };
  await harness.control(skip);
  await harness.untilTotals(2);
  await harness.control(skip);
  await harness.control({
    entityId: 'bad',
    action: 'edit',
    position: at(3),
    value: '{"id":"bad","add":4}',
  });
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('bad'), [1, 3, 7, 12]);
});

test('an edit may have its value in base64', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('bad', [13]);
  await harness.untilCount('quarantine', 1);
  const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
  const position = { topicId: topic?.topicId, partition: 0, offset: 0 };
  const valueBase64 = Buffer.from('{"id":"bad","add":8}').toString('base64');
  await harness.control({ entityId: 'bad', action: 'edit', position, valueBase64 });
  await harness.untilTotals(1);
  assert.deepEqual(await harness.totalsOf('bad'), [8]);
});

test('a long retry goes on in steps', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { retryRecordsMax: 3 } });
  await harness.startNode('a');
  await harness.add('bad', [13, ...Array.from({ length: 10 }, () => 1)]);
  await harness.untilCount('quarantine', 11);
  harness.counter.isBroken = false;
  await harness.control({ entityId: 'bad', action: 'retry' });
  await harness.untilTotals(11);
  assert.equal((await harness.totalsOf('bad')).at(-1), 23);
});

for (const limits of [{ parkedRecordsMaxPerShard: 2 }, { parkedBytesMaxPerShard: 400 }]) {
  const [cap] = Object.keys(limits);
  test(`parked records at their cap pause the other inputs only, and the operator can go on (${cap})`, async () => {
    const harness = new EngineHarness({ partitionCount: 1, limits });
    await harness.startNode('a');
    await harness.add('bad', [13, 1, 1, 1]);
    await harness.add('good', [1]);
    await harness.pass(2_000);
    assert.equal((await harness.values('quarantine')).length, 2);
    assert.deepEqual(await harness.totalsOf('good'), []);
    harness.counter.isBroken = false;
    await harness.control({ entityId: 'bad', action: 'retry' });
    await harness.untilTotals(5);
    assert.deepEqual(await harness.totalsOf('bad'), [13, 14, 15, 16]);
  });
}

test('a journal that is away delays nothing until the backlog is full, then intake pauses, and nothing is lost', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { backlogBytesMax: 40_000 } });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  harness.journalFaults.isDown = true;
  const tenOnes = Array.from({ length: 10 }, () => 1);
  await harness.add('x', tenOnes);
  await harness.untilTotals(11);
  await harness.pass(500);
  assert.match(node.worker().troubles().join(), /^The journal has been away for/);
  assert.equal(node.worker().isProcessing, true);
  for (let index = 1; index < 30; index++) await harness.add('x', tenOnes);
  await harness.pass(5_000);
  const outWhileAway = (await harness.totalsOf('x')).length;
  assert.ok(outWhileAway > 50 && outWhileAway < 301, `${outWhileAway} came out`);
  assert.ok(node.worker().backlogBytes < 41_000);
  assert.match(node.worker().troubles().join(), /Intake is paused/);
  assert.equal(node.worker().isProcessing, false);
  harness.journalFaults.heal();
  await harness.untilTotals(301);
  await harness.settle(node.worker().stop());
  assert.equal(harness.seqsOf('x').length, 301);
  assert.deepEqual(node.worker().troubles(), []);
});

test('a decision that asks for history gets journal and backlog merged, while other inputs go on', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('x', [1, 2, 3]);
  await harness.untilTotals(3);
  await harness.pass(1_000);
  harness.journalFaults.isDown = true;
  await harness.add('x', [4, 5]);
  await harness.untilTotals(5);
  await harness.ask('x', 4);
  await harness.pass(100);
  await harness.add('x', [6]);
  await harness.untilTotals(6);
  assert.deepEqual(await harness.values('answers'), []);
  harness.journalFaults.heal();
  await harness.untilCount('answers', 1);
  assert.deepEqual(await harness.values('answers'), [{ id: 'x', count: 4, sum: 2 + 3 + 4 + 5 }]);
});

test('idle entities are passivated, and come back from snapshot and rows', async () => {
  const harness = new EngineHarness({
    partitionCount: 1,
    limits: { snapshotEveryEvents: 4, entityIdleMs: 3_000 },
  });
  const node = await harness.startNode('a');
  await harness.add('x', [1, 1, 1, 1, 1, 1]);
  await harness.untilTotals(6);
  await harness.pass(6_000);
  assert.equal(node.worker().shards()[0]?.entityCount, 0);
  assert.equal(harness.store.readSnapshot('counter', 'x')?.seq, 3);
  await harness.add('x', [1]);
  await harness.untilTotals(7);
  assert.deepEqual((await harness.totalsOf('x')).at(-1), 7);
});

test('entities beyond the cap in bytes are passivated, and totals stay exact', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { entityBytesMax: 20_000 } });
  const node = await harness.startNode('a');
  const ids = Array.from({ length: 300 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(300);
  await harness.pass(3_000);
  assert.ok(node.worker().entityBytes <= 20_500, `${node.worker().entityBytes} bytes`);
  for (const id of ids.slice(0, 20)) await harness.add(id, [1]);
  await harness.untilTotals(320);
  for (const id of ids.slice(0, 20)) assert.deepEqual(await harness.totalsOf(id), [1, 2]);
});

test('replies come after the commit, addressed to their record', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  const offset = await harness.add('x', [4, 5]);
  await harness.untilTotals(2);
  assert.deepEqual(node.replies, [
    { position: { topic: 'add', partition: 0, offset }, reply: 4 },
    { position: { topic: 'add', partition: 0, offset: offset + 1 }, reply: 9 },
  ]);
});

test('a worker of the same name fences the first one, which drops everything; fenced twice in a minute it stops', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  const first = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const second = await harness.startNode('a');
  for (let round = 0; round < 40 && !first.fatal() && !second.fatal(); round++) {
    for (const id of ['x', 'y', 'z', 'u', 'v', 'w']) await harness.add(id, [1]);
    await harness.pass(1_000);
  }
  assert.match((first.fatal() ?? second.fatal())?.message ?? '', /Fenced twice/);
  await harness.pass(10_000);
  const totals = await harness.totalsOf('x');
  assert.deepEqual(
    totals,
    totals.map((_, index) => index + 1),
  );
});

test('a node that was killed and starts again does not wait for the session of its former self', async () => {
  const harness = new EngineHarness();
  const first = await harness.startNode('a');
  first.die();
  const startMs = harness.timers.clock.monotonicMs();
  await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  assert.ok(harness.timers.clock.monotonicMs() - startMs < 3_000);
});

test('a worker refuses to start while a reachable one has its name', async () => {
  const harness = new EngineHarness();
  await harness.startNode('a');
  await assert.rejects(
    harness.startNode('a', { isAlive: () => Promise.resolve(true) }),
    /runs already, at a:1/,
  );
});
