import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retry, type RetryOptions } from './retry.ts';
import type { Timers } from './timers.ts';

/** Timers that fire at once and keep the delays they were asked for. */
function instantTimers(): Timers & { delaysMs: number[] } {
  const delaysMs: number[] = [];
  return {
    delaysMs,
    after(delayMs, callback) {
      delaysMs.push(delayMs);
      queueMicrotask(callback);
      return () => undefined;
    },
  };
}

function optionsWith(timers: Timers, changes: Partial<RetryOptions> = {}): RetryOptions {
  return {
    attemptsMax: 5,
    backoffMs: (attempt) => attempt * 100,
    timers,
    shouldRetry: () => true,
    ...changes,
  };
}

test('work that succeeds at once is done once, without waiting', async () => {
  const timers = instantTimers();
  const result = await retry(async (attempt) => `attempt ${attempt}`, optionsWith(timers));
  assert.equal(result, 'attempt 1');
  assert.deepEqual(timers.delaysMs, []);
});

test('work that fails is tried again after its back-off until it succeeds', async () => {
  const timers = instantTimers();
  const result = await retry(async (attempt) => {
    if (attempt < 3) throw new Error('not yet');
    return attempt;
  }, optionsWith(timers));
  assert.equal(result, 3);
  assert.deepEqual(timers.delaysMs, [100, 200]);
});

test('after the last attempt its error is thrown, unchanged', async () => {
  const timers = instantTimers();
  const first = new Error('first');
  const second = new Error('second');
  const working = retry(
    async (attempt) => {
      throw attempt === 1 ? first : second;
    },
    optionsWith(timers, { attemptsMax: 2 }),
  );
  await assert.rejects(working, (error) => error === second);
  assert.deepEqual(timers.delaysMs, [100]);
});

test('an error that is not worth a retry is thrown at once', async () => {
  const timers = instantTimers();
  let attempts = 0;
  const working = retry(
    async () => {
      attempts += 1;
      throw new Error('fatal');
    },
    optionsWith(timers, {
      shouldRetry: (error) => !(error instanceof Error && error.message === 'fatal'),
    }),
  );
  await assert.rejects(working, /fatal/);
  assert.equal(attempts, 1);
});

test('work without an attempt is refused', async () => {
  const working = retry(async () => 1, optionsWith(instantTimers(), { attemptsMax: 0 }));
  await assert.rejects(working, { name: 'AssertionFailure' });
});
