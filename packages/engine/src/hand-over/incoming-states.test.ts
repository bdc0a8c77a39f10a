import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteBudget } from '../backlog/byte-budget.ts';
import type { RetiredPart } from './former-owners.ts';
import { IncomingStates } from './incoming-states.ts';

function part(entityIds: readonly string[], changes: Partial<RetiredPart> = {}): RetiredPart {
  const states = entityIds.map((entityId) => ({
    entityId,
    seqNext: 2,
    snapshotSeqNext: 0,
    state: new Uint8Array(100),
  }));
  return { shard: 0, eventTopicId: 'events', eventNumber: 9, states, isLast: true, ...changes };
}

function incoming(bytesMax = 1_000_000) {
  const budget = new ByteBudget({ name: 'entities', bytesMax });
  return { budget, states: new IncomingStates({ shard: 0, eventTopicId: 'events', budget }) };
}

test('a state is taken once', () => {
  const { budget, states } = incoming();
  states.add(part(['x']));
  states.begin(9);
  assert.equal(states.take('x')?.seqNext, 2);
  assert.equal(states.take('x'), undefined);
  assert.equal(budget.bytes, 0);
});

test('a state that was made of other events of the shard than there are is none', () => {
  for (const eventNumber of [0, 8, 10]) {
    const { budget, states } = incoming();
    states.add(part(['x'], { eventNumber }));
    states.begin(9);
    assert.equal(states.take('x'), undefined);
    assert.equal(budget.bytes, 0);
  }
});

test('nothing is taken before all have come, and what comes later is left', async () => {
  const { states } = incoming();
  states.begin(9);
  states.add(part(['x'], { isLast: false }));
  assert.throws(() => states.take('x'));
  states.settle();
  await states.settled;
  states.add(part(['y']));
  assert.equal(states.take('x')?.entityId, 'x');
  assert.equal(states.take('y'), undefined);
});

test('who has no room for them does not wait for more', async () => {
  const { states } = incoming(300);
  states.begin(9);
  states.add(part(['a', 'b', 'c'], { isLast: false }));
  await states.settled;
  assert.equal(states.take('a')?.entityId, 'a');
  assert.equal(states.take('b'), undefined);
});

test('they count as entities in memory, and take no more than half of what those may', () => {
  const { budget, states } = incoming(1_000);
  states.begin(9);
  states.add(part(['a', 'b', 'c', 'd', 'e']));
  assert.ok(budget.bytes < 800);
  assert.equal(states.hasBrought, true);
  assert.equal(['a', 'b', 'c'].filter((id) => states.take(id)).length, 2);
  states.drop();
  assert.equal(budget.bytes, 0);
  states.add(part(['f']));
  assert.equal(budget.bytes, 0);
});
