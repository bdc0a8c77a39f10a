import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toBinary } from '@bufbuild/protobuf';
import { ManualTimers } from '@chat-cluster/kernel';
import { CounterDefinition, type CounterEvent, type CounterState } from '../engine-harness.ts';
import { Entity } from '../entity/entity.ts';
import { RetiredStatesResponseSchema } from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { encodeRetiredPart } from './retired-messages.ts';
import { RetiredStates } from './retired-states.ts';

const { definition } = new CounterDefinition();
type CounterEntity = Entity<CounterState, CounterEvent>;

function keeper(limits: { retiredBytesMax?: number; encodeState?: () => Uint8Array } = {}) {
  const timers = new ManualTimers();
  const { retiredBytesMax = 1_000_000, encodeState = definition.encodeState } = limits;
  const kept = new RetiredStates({
    definition: { ...definition, encodeState },
    eventTopicId: 'events',
    limits: { retiredBytesMax, retiredMs: 5_000 },
    timers,
  });
  return { kept, timers };
}

function entities(count: number, prefix = 'id'): CounterEntity[] {
  return Array.from({ length: count }, (_, index) => {
    const entity: CounterEntity = new Entity({ id: `${prefix}-${index}`, nowMs: 0 });
    entity.state = { total: index };
    entity.seqNext = index + 1;
    entity.measure(definition);
    return entity;
  });
}

test('what is kept of a shard is given once, with the number of its last event', () => {
  const { kept } = keeper();
  kept.keep({ partition: 3, eventNumber: 7, entities: entities(2) });
  const [part, ...more] = kept.parts([3]);
  assert.equal(more.length, 0);
  assert.deepEqual(
    [part?.shard, part?.eventTopicId, part?.eventNumber, part?.isLast],
    [3, 'events', 7, true],
  );
  assert.deepEqual(
    part?.states.map(({ entityId, seqNext, state }) => [entityId, seqNext, String(state)]),
    [
      ['id-0', 1, '{"total":0}'],
      ['id-1', 2, '{"total":1}'],
    ],
  );
  const [nothing] = kept.parts([3]);
  assert.deepEqual([nothing?.states, nothing?.isLast], [[], true]);
  assert.equal(kept.bytes, 0);
});

test('who has had enough before all has come is kept nothing for any longer', () => {
  const { kept } = keeper({ encodeState: () => new Uint8Array(300_000) });
  for (const partition of [3, 4]) kept.keep({ partition, eventNumber: 7, entities: entities(2) });
  kept.keep({ partition: 5, eventNumber: 7, entities: entities(1) });
  const others = kept.bytes;
  for (const part of kept.parts([3, 4])) {
    assert.equal(part.isLast, false);
    break;
  }
  assert.ok(kept.bytes > 0 && kept.bytes < others);
  assert.equal([...kept.parts([5])].length, 2, 'What nobody asked for is here still.');
  assert.equal(kept.bytes, 0);
});

test('no more is kept than may be, those used last first; nor for longer', async () => {
  const { kept, timers } = keeper({ retiredBytesMax: 2_000 });
  kept.keep({ partition: 0, eventNumber: 1, entities: entities(100) });
  assert.ok(kept.bytes <= 2_000);
  kept.keep({ partition: 1, eventNumber: 1, entities: entities(100) });
  assert.ok(kept.bytes <= 2_000);
  timers.advance(5_000);
  assert.equal(kept.bytes, 0);
  await kept.untilTaken(1_000);
});

test('who waits until all is taken waits no longer than that, and leaves no timer behind', async () => {
  const { kept, timers } = keeper();
  kept.keep({ partition: 0, eventNumber: 1, entities: entities(1) });
  const taken = kept.untilTaken(1_000);
  assert.equal([...kept.parts([0])].length, 1);
  await taken;
  assert.equal(timers.nextDueInMs(), undefined);
  kept.keep({ partition: 0, eventNumber: 1, entities: entities(1) });
  const timeUp = kept.untilTaken(1_000);
  timers.advance(1_000);
  await timeUp;
});

test('small states of entities with long ids come in parts that fit in a message, too', () => {
  const { kept } = keeper({ encodeState: () => new Uint8Array(1), retiredBytesMax: 32_000_000 });
  const count = 2_000;
  kept.keep({ partition: 0, eventNumber: 1, entities: entities(count, '…'.repeat(300)) });
  const parts = [...kept.parts([0])];
  assert.equal(parts.flatMap(({ states }) => states).length, count);
  for (const part of parts) {
    const bytes = toBinary(RetiredStatesResponseSchema, encodeRetiredPart(part)).byteLength;
    assert.ok(bytes < 300 * 1024, `A part has ${bytes} bytes.`);
  }
});

test('what has no state of its own to give is left out', () => {
  const { kept } = keeper();
  const [ready, spoilt, halfway, parked] = entities(4);
  spoilt?.spoil(new Error('no'));
  if (halfway) halfway.mustBeRebuilt = true;
  parked?.parked.push({} as CounterEntity['parked'][number]);
  const given = [ready, spoilt, halfway, parked].filter((entity) => entity !== undefined);
  kept.keep({ partition: 0, eventNumber: 1, entities: given });
  const [part] = kept.parts([0]);
  assert.deepEqual(
    part?.states.map(({ entityId }) => entityId),
    ['id-0'],
  );
});

test('many states come in several parts, and one that cannot be encoded is left out', () => {
  let calls = 0;
  const encodeState = (): Uint8Array => {
    calls += 1;
    if (calls === 2) throw new Error('no');
    return new Uint8Array(100_000);
  };
  const { kept } = keeper({ encodeState });
  kept.keep({ partition: 0, eventNumber: 1, entities: entities(8) });
  const parts = [...kept.parts([0])];
  assert.deepEqual(
    parts.map(({ states }) => states.length),
    [3, 3, 1],
  );
  assert.deepEqual(
    parts.map(({ isLast }) => isLast),
    [false, false, true],
  );
});
