import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from './manual-timers.ts';
import { sleep } from './sleep.ts';

test('sleep resolves when its time has passed, not before', async () => {
  const timers = new ManualTimers();
  let isAwake = false;
  const sleeping = sleep(timers, 100).then(() => {
    isAwake = true;
  });
  timers.advance(99);
  await Promise.resolve();
  assert.equal(isAwake, false);
  timers.advance(1);
  await sleeping;
  assert.equal(isAwake, true);
});
