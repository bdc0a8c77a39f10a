import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from './deferred.ts';
import { DELAY_MS_MAX, systemTimers } from './timers.ts';

// A delay of 0 takes another way through the platform than a longer one.
for (const delayMs of [0, 1]) {
  test(`a system timer of ${delayMs} ms calls back after it was set, not while`, async () => {
    const fired = deferred<boolean>();
    let isSet = false;
    systemTimers.after(delayMs, () => fired.resolve(isSet));
    isSet = true;
    assert.equal(await fired.promise, true);
  });

  test(`a cancelled system timer of ${delayMs} ms does not call back`, async () => {
    const later = deferred<void>();
    const fail = (): void => later.reject(new Error('a cancelled timer fired'));
    const cancel = systemTimers.after(delayMs, fail);
    cancel();
    cancel();
    systemTimers.after(20, later.resolve);
    await later.promise;
  });
}

test('the longest delay is what the platform can hold', () => {
  assert.equal(DELAY_MS_MAX, 2_147_483_647);
});

test('a delay that the platform would cut to nothing is refused', () => {
  const ignore = (): void => undefined;
  for (const delayMs of [DELAY_MS_MAX + 1, -1, Number.NaN]) {
    assert.throws(() => systemTimers.after(delayMs, ignore), { name: 'AssertionFailure' });
  }
});
