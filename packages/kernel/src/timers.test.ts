import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from './deferred.ts';
import { DELAY_MS_MAX, systemTimers } from './timers.ts';

test('a system timer calls back after it was set, not while', async () => {
  const fired = deferred<void>();
  let isSet = false;
  systemTimers.after(0, () => {
    assert.ok(isSet);
    fired.resolve();
  });
  isSet = true;
  await fired.promise;
});

test('a cancelled system timer does not call back', async () => {
  const later = deferred<void>();
  const cancel = systemTimers.after(0, () => later.reject(new Error('a cancelled timer fired')));
  cancel();
  systemTimers.after(5, later.resolve);
  await later.promise;
});

test('a delay that the platform would cut to nothing is refused', () => {
  const ignore = (): void => undefined;
  for (const delayMs of [DELAY_MS_MAX + 1, -1, Number.NaN]) {
    assert.throws(() => systemTimers.after(delayMs, ignore), { name: 'AssertionFailure' });
  }
});
