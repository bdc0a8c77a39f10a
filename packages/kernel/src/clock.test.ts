import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from './clock.ts';

test('the monotonic time never goes back', () => {
  let last = systemClock.monotonicMs();
  for (let reading = 0; reading < 1000; reading += 1) {
    const now = systemClock.monotonicMs();
    assert.ok(now >= last);
    last = now;
  }
});

test('the wall time is that of the machine, in milliseconds since 1970', () => {
  const before = Date.now();
  const wallMs = systemClock.wallMs();
  assert.ok(wallMs >= before && wallMs <= Date.now());
});
