import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from './manual-clock.ts';
import { ManualTimers } from './manual-timers.ts';
import { DELAY_MS_MAX } from './timers.ts';

test('timers fire in the order of their due times, then of their creation', () => {
  const timers = new ManualTimers();
  const fired: string[] = [];
  timers.after(20, () => fired.push('b'));
  timers.after(10, () => fired.push('a'));
  timers.after(20, () => fired.push('c'));
  timers.after(31, () => fired.push('late'));
  timers.advance(30);
  assert.deepEqual(fired, ['a', 'b', 'c']);
});

test('the clock shows a timer its own due time while it runs, and the end afterwards', () => {
  const timers = new ManualTimers();
  const seenMs: number[] = [];
  timers.after(10, () => seenMs.push(timers.clock.monotonicMs()));
  timers.after(25, () => seenMs.push(timers.clock.monotonicMs()));
  timers.advance(40);
  assert.deepEqual(seenMs, [10, 25]);
  assert.equal(timers.clock.monotonicMs(), 40);
});

test('a timer set by a timer fires in the same advance if it falls due', () => {
  const timers = new ManualTimers();
  const seenMs: number[] = [];
  const tick = (): void => {
    seenMs.push(timers.clock.monotonicMs());
    timers.after(10, tick);
  };
  timers.after(10, tick);
  timers.advance(35);
  assert.deepEqual(seenMs, [10, 20, 30]);
  assert.equal(timers.nextDueInMs(), 5);
});

test('a cancelled timer does not fire, and cancelling again does nothing', () => {
  const timers = new ManualTimers();
  const fired: string[] = [];
  const cancel = timers.after(10, () => fired.push('cancelled'));
  timers.after(10, () => fired.push('kept'));
  cancel();
  cancel();
  timers.advance(10);
  assert.deepEqual(fired, ['kept']);
  assert.equal(timers.nextDueInMs(), undefined);
});

test('a timer may cancel another that is due at the same time', () => {
  const timers = new ManualTimers();
  const fired: string[] = [];
  timers.after(10, () => cancelSecond());
  const cancelSecond = timers.after(10, () => fired.push('second'));
  timers.advance(10);
  assert.deepEqual(fired, []);
});

test('a timer of 0 ms fires with the next advance, not before', () => {
  const timers = new ManualTimers();
  let isFired = false;
  timers.after(0, () => {
    isFired = true;
  });
  assert.equal(isFired, false);
  timers.advance(0);
  assert.equal(isFired, true);
});

test('timers that the clock was moved past by itself fire late', () => {
  const clock = new ManualClock();
  const timers = new ManualTimers(clock);
  const seenMs: number[] = [];
  timers.after(10, () => seenMs.push(clock.monotonicMs()));
  clock.advance(50);
  assert.equal(timers.nextDueInMs(), 0);
  timers.advance(0);
  assert.deepEqual(seenMs, [50]);
});

test('an error of a callback is passed on, and the next timers can still be fired', () => {
  const timers = new ManualTimers();
  const fired: string[] = [];
  timers.after(10, () => {
    throw new Error('planted');
  });
  timers.after(20, () => fired.push('next'));
  assert.throws(() => timers.advance(30), /planted/);
  timers.advance(10);
  assert.deepEqual(fired, ['next']);
});

test('a timer cannot advance the timers', () => {
  const timers = new ManualTimers();
  timers.after(1, () => timers.advance(1));
  assert.throws(() => timers.advance(1), { name: 'AssertionFailure' });
});

test('a delay outside the limits is refused', () => {
  const timers = new ManualTimers();
  const ignore = (): void => undefined;
  for (const delayMs of [-1, Number.NaN, DELAY_MS_MAX + 1]) {
    assert.throws(() => timers.after(delayMs, ignore), { name: 'AssertionFailure' });
  }
});
