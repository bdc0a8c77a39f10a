import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AssertionFailure } from '@chat-cluster/kernel';
import { Tenure, type TenureEvent, type TenurePhase } from './tenure.ts';

const events: readonly TenureEvent[] = ['ready', 'give-up', 'drained', 'lost', 'failed'];

/** How a tenure comes into each phase. */
const ways: Readonly<Record<TenurePhase, readonly TenureEvent[]>> = {
  'taking-over': [],
  running: ['ready'],
  draining: ['ready', 'give-up'],
  stopped: ['failed'],
  ended: ['lost'],
};

const table: Readonly<Record<TenurePhase, readonly (TenurePhase | undefined)[]>> = {
  'taking-over': ['running', 'ended', undefined, 'ended', 'stopped'],
  running: [undefined, 'draining', undefined, 'ended', 'stopped'],
  draining: [undefined, 'draining', 'ended', 'ended', 'ended'],
  stopped: [undefined, 'ended', undefined, 'ended', 'stopped'],
  ended: [undefined, 'ended', 'ended', 'ended', 'ended'],
};

const phases = Object.keys(table) as TenurePhase[];

function tenureIn(phase: TenurePhase): Tenure {
  const tenure = new Tenure({ partition: 3, generationId: 7 });
  for (const event of ways[phase]) tenure.apply(event, 'because');
  assert.equal(tenure.phase, phase);
  return tenure;
}

for (const phase of phases) {
  events.forEach((event, index) => {
    const next = table[phase][index];
    test(`a tenure that is ${phase} and sees ${event}: ${next ?? 'a programmer error'}`, () => {
      const tenure = tenureIn(phase);
      if (next === undefined) {
        assert.throws(() => tenure.apply(event), AssertionFailure);
        assert.equal(tenure.phase, phase);
      } else {
        assert.equal(tenure.apply(event), next);
        assert.equal(tenure.phase, next);
      }
    });
  });
}

test('something may be committed for a tenure that takes over, runs or drains; the group counts a stopped one too', () => {
  const seen = phases.map((phase) => [phase, tenureIn(phase).lasts, tenureIn(phase).isHeld]);
  assert.deepEqual(seen, [
    ['taking-over', true, true],
    ['running', true, true],
    ['draining', true, true],
    ['stopped', false, true],
    ['ended', false, false],
  ]);
});

test('only the youngest generation that assigned the partition confirms a tenure, and only while it lasts', () => {
  const tenure = new Tenure({ partition: 0, generationId: 7 });
  assert.deepEqual([tenure.isConfirmedBy(7), tenure.isConfirmedBy(8)], [true, false]);
  tenure.confirm(8);
  assert.deepEqual([tenure.isConfirmedBy(7), tenure.isConfirmedBy(8)], [false, true]);
  tenure.apply('failed', 'broken');
  assert.equal(tenure.isConfirmedBy(8), false);
  tenure.confirm(9);
  tenure.apply('lost');
  assert.throws(() => tenure.confirm(10), AssertionFailure);
});

test('a tenure remembers the first reason why it stopped', () => {
  const tenure = new Tenure({ partition: 0, generationId: 1 });
  tenure.apply('failed', 'first');
  tenure.apply('failed', 'second');
  assert.equal(tenure.reason, 'first');
});
