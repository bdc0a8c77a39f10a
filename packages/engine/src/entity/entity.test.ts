import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterDefinition } from '../engine-harness.ts';
import { encodeEngineEvent, parkedRecord, type ParkedRecord } from './engine-event.ts';
import { Entity } from './entity.ts';

const counter = new CounterDefinition();
const { definition } = counter;

function built() {
  const entity = new Entity<{ total: number }, { added: number; total: number }>({
    id: 'x',
    nowMs: 0,
  });
  entity.begin(definition, undefined);
  return entity;
}

function parkedAt(offset: number): ParkedRecord {
  const record = { offset, timestampMs: 0, key: null, value: Buffer.from('value'), headers: [] };
  return parkedRecord(record, { topic: 'in', topicId: 'id', partition: 0 }, 0);
}

const added = (number: number): Uint8Array => definition.encodeEvent({ added: number, total: 0 });

test('every event counts, the engine’s too', () => {
  const entity = built();
  entity.apply(definition, added(5));
  entity.apply(definition, encodeEngineEvent({ $: 'parked', record: parkedAt(1) }));
  entity.apply(definition, encodeEngineEvent({ $: 'unparked', how: 'skipped' }));
  entity.apply(definition, added(6));
  assert.deepEqual([entity.seqNext, entity.state, entity.isQuarantined], [4, { total: 11 }, false]);
});

test('parked records wait in order, with the reason of the first', () => {
  const entity = built();
  for (const offset of [3, 4]) {
    const reason = `because of ${offset}`;
    entity.applyEngineEvent(encodeEngineEvent({ $: 'parked', record: parkedAt(offset), reason }));
  }
  assert.deepEqual(
    [entity.parked.map(({ offset }) => offset), entity.parkedReason],
    [[3, 4], 'because of 3'],
  );
  assert.ok(entity.parkedBytes > 0);
  for (const how of ['retried', 'edited'] as const) {
    entity.applyEngineEvent(encodeEngineEvent({ $: 'unparked', how }));
  }
  assert.deepEqual([entity.isQuarantined, entity.parkedBytes], [false, 0]);
});

test('events that the code throws on make the state unreadable, and the rest is counted', () => {
  const entity = built();
  entity.apply(definition, added(14));
  entity.apply(definition, added(1));
  assert.deepEqual([entity.state, entity.seqNext, entity.isQuarantined], [undefined, 2, true]);
  assert.match(entity.stateError ?? '', /fourteen/);
});

test('a definition that gives no state back has thrown', () => {
  const nothing = (): never => undefined as never;
  for (const broken of [
    { ...definition, initialState: nothing },
    { ...definition, evolve: nothing },
  ]) {
    const entity = new Entity<{ total: number }, { added: number; total: number }>({
      id: 'x',
      nowMs: 0,
    });
    entity.begin(broken, undefined);
    entity.apply(broken, added(1));
    assert.deepEqual([entity.state, entity.isQuarantined], [undefined, true]);
    assert.match(entity.stateError ?? '', /gave no state back/);
  }
});
