import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterDefinition, EngineHarness, type CounterEvent } from '../engine-harness.ts';
import type { Decision } from '../entity/entity-definition.ts';
import { headerText } from '../output/event-record.ts';

const counter = new CounterDefinition().definition;

async function positionOf(harness: EngineHarness, offset: number) {
  const [topic] = await harness.settle(harness.outside.admin.describeTopics(['add']));
  return { topicId: topic?.topicId, partition: 0, offset };
}

function thrower(text: string): () => never {
  return () => {
    throw new Error(text);
  };
}

test('an entity that half changed before its code threw is built anew, and a skip sets it free', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('x', [1, 14, 2]);
  await harness.untilCount('quarantine', 2);
  const position = await positionOf(harness, 1);
  await harness.control({ entityId: 'x', action: 'skip', position });
  await harness.add('x', [3]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
  assert.equal((await harness.values('quarantine')).at(-1), null);
});

test('the code that measures and the code that makes snapshots are the entity’s own: it is quarantined alone', async () => {
  for (const definition of [
    { stateSizeBytes: ({ total }: { total: number }) => (total === 3 ? Number.NaN : 16) },
    {
      encodeState: (state: { total: number }) =>
        state.total === 3 ? thrower('no snapshot')() : counter.encodeState(state),
    },
  ]) {
    const harness = new EngineHarness({
      partitionCount: 1,
      definition,
      limits: { snapshotEveryEvents: 2 },
    });
    const node = await harness.startNode('a');
    await harness.add('x', [1, 2, 4]);
    await harness.add('y', [1]);
    await harness.untilTotals(2);
    await harness.pass(1_000);
    assert.deepEqual(await harness.totalsOf('x'), [1]);
    assert.deepEqual(await harness.totalsOf('y'), [1]);
    assert.deepEqual(node.worker().troubles(), []);
  }
});

test('an entity whose state cannot be encoded is passivated all the same', async () => {
  const harness = new EngineHarness({
    partitionCount: 1,
    definition: { encodeState: thrower('no snapshot') },
    limits: { snapshotAtPassivationEvents: 1, entityIdleMs: 1_000 },
  });
  const node = await harness.startNode('a');
  await harness.add('x', [1, 2]);
  await harness.untilTotals(2);
  await harness.pass(3_000);
  assert.equal(node.worker().shards()[0]?.entityCount, 0);
  await harness.add('x', [3]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6]);
});

test('an entity without a size when it is built is quarantined', async () => {
  const harness = new EngineHarness({
    partitionCount: 1,
    definition: { stateSizeBytes: thrower('no size') },
  });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilCount('quarantine', 1);
  assert.deepEqual(node.worker().troubles(), []);
});

/** Decides as the counter does, but a 7 in its own way. */
function onSeven(decision: Decision<CounterEvent>) {
  const decide: typeof counter.decide = (state, command, context) =>
    'add' in command && command.add === 7 ? decision : counter.decide(state, command, context);
  return { partitionCount: 1, definition: { decide } };
}

function historyDecision(seqBefore: number, countMax: number): Decision<CounterEvent> {
  const again = (): Decision<CounterEvent> => historyDecision(seqBefore, countMax);
  return { kind: 'history', seqBefore, countMax, resume: again };
}

test('a decision that breaks the rules of decisions quarantines its entity, and no shard stops', async () => {
  const event = { added: 1, total: 1 };
  const rest = { kind: 'decided', events: [], outputs: [] } as const;
  const wrong: Decision<CounterEvent>[] = [
    { ...rest, outputs: [{ topic: 'counter_events', key: 'x', value: Buffer.from('') }] },
    historyDecision(99, 1),
    historyDecision(1, 0),
    historyDecision(1, 1e9),
    historyDecision(1, 1),
    { kind: 'history', seqBefore: 1, countMax: 1, resume: () => ({ ...rest, events: [event] }) },
    { kind: 'history', seqBefore: 1, countMax: 1, resume: thrower('cannot go on') },
  ];
  for (const decision of wrong) {
    const harness = new EngineHarness(onSeven(decision));
    const node = await harness.startNode('a');
    await harness.add('x', [1, 7, 2]);
    await harness.add('y', [1]);
    await harness.untilTotals(2);
    await harness.untilCount('quarantine', 2);
    assert.deepEqual(await harness.totalsOf('x'), [1]);
    assert.deepEqual(node.worker().troubles(), []);
  }
});

test('an edited record that names another entity is a dead letter, not a change of the one it waited for', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  await harness.startNode('a');
  await harness.add('x', [1, 13, 2]);
  await harness.untilCount('quarantine', 2);
  const position = await positionOf(harness, 1);
  const value = JSON.stringify({ id: 'other', add: 100 });
  await harness.control({ entityId: 'x', action: 'edit', position, value });
  await harness.untilTotals(2);
  await harness.untilCount('dead', 1);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3]);
});

test('a parked record keeps the time it had where it first arrived', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  await harness.startNode('a');
  const producer = harness.outside.openProducer();
  const value = Buffer.from(JSON.stringify({ id: 'x', add: 13 }));
  for (const partition of [0, 1]) {
    const record = { key: Buffer.from('x'), value, headers: [], timestampMs: 1_234 };
    await harness.settle(producer.send({ topic: 'add', partition }, [record]));
  }
  await harness.untilCount('quarantine', 2);
  harness.counter.isBroken = false;
  await harness.control({ entityId: 'x', action: 'retry' });
  await harness.untilTotals(2);
  await harness.pass(1_000);
  const times = harness.store.rows('counter', 'x').map(({ event, timestampMs }) => {
    return Buffer.from(event).includes('"added"') ? timestampMs : 1_234;
  });
  assert.ok(
    times.every((timestampMs) => timestampMs === 1_234),
    times.join(),
  );
});

test('deciding is told the time that the record had where it first arrived, and so is all that comes of it', async () => {
  const told: { timestampMs: number; seqNext: number }[] = [];
  const decide: typeof counter.decide = (state, command, context) => {
    told.push({ timestampMs: context.timestampMs, seqNext: context.seqNext });
    return counter.decide(state, command, context);
  };
  const harness = new EngineHarness({ partitionCount: 1, definition: { decide } });
  await harness.startNode('a');
  const value = Buffer.from('{"id":"x","add":1}');
  const headers = ['1', '86400000'].map((time) => ({ key: 'fw-time', value: time }));
  const records = headers.map((header) => ({ key: null, value, headers: [header] }));
  await harness.send('add', 'x', records);
  await harness.untilTotals(2);
  assert.deepEqual(told, [
    { timestampMs: 1, seqNext: 0 },
    { timestampMs: 86_400_000, seqNext: 1 },
  ]);
  for (const topic of ['counter_events', 'totals']) {
    const times = (await harness.read(topic)).map(({ headers: all }) => headerText(all, 'time'));
    assert.deepEqual(times, ['1', '86400000'], topic);
  }
});

test('an entity’s event that would pass for one of the engine’s own quarantines it', async () => {
  const encodeEvent = (event: CounterEvent): Uint8Array =>
    event.added === 7
      ? Buffer.from('{"$":"unparked","how":"skipped"}')
      : counter.encodeEvent(event);
  const harness = new EngineHarness({ partitionCount: 1, definition: { encodeEvent } });
  await harness.startNode('a');
  await harness.add('x', [1, 7]);
  await harness.add('y', [1]);
  await harness.untilTotals(2);
  await harness.untilCount('quarantine', 1);
  assert.deepEqual(await harness.totalsOf('x'), [1]);
});
