import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilAborted } from './deadline.ts';

test('a promise resolves as it does while the signal is not aborted', async () => {
  const { signal } = new AbortController();
  assert.equal(await untilAborted(Promise.resolve(7), signal), 7);
});

test('an aborted signal comes first, with its reason', async () => {
  const ending = new AbortController();
  const waiting = untilAborted(new Promise(() => {}), ending.signal);
  ending.abort(new Error('Enough.'));
  await assert.rejects(waiting, /Enough/);
});

test('what fails when nobody waits for it any more is no failure of the process', async () => {
  const failed = Promise.reject(new Error('nobody looks at it'));
  await assert.rejects(untilAborted(failed, AbortSignal.abort(new Error('Enough.'))), /Enough/);
  await new Promise((resolve) => setImmediate(resolve));
});
