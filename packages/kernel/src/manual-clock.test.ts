import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './manual-clock.ts';

test('a manual clock stands still until it is advanced', () => {
  const clock = new ManualClock({ wallStartMs: 5000 });
  assert.equal(clock.wallMs(), 5000);
  assert.equal(clock.monotonicMs(), 0);
  clock.advance(250);
  assert.equal(clock.wallMs(), 5250);
  assert.equal(clock.monotonicMs(), 250);
});

test('a manual clock does not start at the wall time 0, which records use for "none"', () => {
  assert.ok(new ManualClock().wallMs() > 0);
});

test('a manual clock refuses to go back', () => {
  const clock = new ManualClock();
  assert.throws(() => clock.advance(-1), { name: 'AssertionFailure' });
  assert.throws(() => clock.advance(Number.NaN), { name: 'AssertionFailure' });
});
