import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../backlog/byte-budget.ts';
import { ActiveEntities } from './active-entities.ts';
import { encodeEngineEvent, parkedRecord } from './engine-event.ts';
import { Entity } from './entity.ts';

const ENTITY_BYTES = 1_000;

function play(options: { ids: readonly string[]; bytesMax?: number }) {
  const budget = new ByteBudget({ name: 'entities', bytesMax: options.bytesMax ?? 1_000_000 });
  const entities = new ActiveEntities<object, object>(budget);
  for (const id of options.ids) {
    const entity = new Entity<object, object>({ id, nowMs: 0 });
    entity.sizeBytes = ENTITY_BYTES;
    entities.add(entity);
  }
  const sweep = (nowMs: number, mayNot: readonly string[] = []): string[] => {
    const passivated: string[] = [];
    entities.sweep({
      nowMs,
      idleMs: 10_000,
      mayPassivate: ({ id }) => !mayNot.includes(id),
      passivate: ({ id }) => passivated.push(id),
    });
    return passivated;
  };
  const touch = (id: string, nowMs: number): void => entities.touch(entities.get(id)!, nowMs, 0);
  return { budget, entities, sweep, touch };
}

test('those that were idle for long are passivated, and give their bytes back', () => {
  const { budget, entities, sweep, touch } = play({ ids: ['a', 'b', 'c'] });
  touch('a', 5_000);
  assert.deepEqual(sweep(9_999), []);
  assert.deepEqual(sweep(10_000), ['b', 'c']);
  assert.deepEqual([entities.count, budget.bytes], [1, ENTITY_BYTES]);
});

test('where there is no room the least recently used go, as many as it takes', () => {
  const { budget, sweep, touch } = play({
    ids: ['a', 'b', 'c', 'd'],
    bytesMax: 2.5 * ENTITY_BYTES,
  });
  touch('a', 2_000);
  assert.deepEqual(sweep(3_000), ['b', 'c']);
  assert.ok(!budget.isFull);
});

test('those that may not be passivated are stepped over', () => {
  const { entities, sweep } = play({ ids: ['a', 'b', 'c'] });
  assert.deepEqual(sweep(20_000, ['a', 'c']), ['b']);
  assert.equal(entities.count, 2);
});

test('a sweep of idle ones is bounded, one for room is not', () => {
  const ids = Array.from({ length: 3_000 }, (_, index) => `id-${index}`);
  assert.equal(play({ ids, bytesMax: 10_000 * ENTITY_BYTES }).sweep(20_000).length, 1_000);
  assert.equal(play({ ids, bytesMax: 500 * ENTITY_BYTES }).sweep(0).length, 2_501);
});

test('parked records count as long as their entity is active', () => {
  const { entities } = play({ ids: ['a', 'b'] });
  const record = { offset: 1, timestampMs: 0, key: null, value: Buffer.from('v'), headers: [] };
  const parked = parkedRecord(record, { topic: 'in', topicId: 'id', partition: 0 }, 0);
  const [a, b] = [entities.get('a')!, entities.get('b')!];
  for (const entity of [a, a, b]) {
    entities.applyEngineEvent(entity, encodeEngineEvent({ $: 'parked', record: parked }));
  }
  assert.deepEqual(
    [entities.parkedCount, entities.parkedBytes],
    [3, a.parkedBytes + b.parkedBytes],
  );
  entities.applyEngineEvent(a, encodeEngineEvent({ $: 'unparked', how: 'skipped' }));
  assert.equal(entities.parkedCount, 2);
  entities.remove(b);
  assert.deepEqual([entities.parkedCount, entities.parkedBytes], [1, a.parkedBytes]);
  entities.clear();
  assert.deepEqual([entities.parkedCount, entities.parkedBytes], [0, 0]);
});

test('removing twice gives back once', () => {
  const { budget, entities } = play({ ids: ['a', 'b'] });
  const a = entities.get('a')!;
  entities.remove(a);
  entities.remove(a);
  assert.equal(budget.bytes, ENTITY_BYTES);
  entities.clear();
  assert.equal(budget.bytes, 0);
});
