import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from './deferred.ts';

test('a deferred promise takes the first value it is given', async () => {
  const answer = deferred<number>();
  answer.resolve(1);
  answer.resolve(2);
  answer.reject(new Error('too late'));
  assert.equal(await answer.promise, 1);
});

test('a deferred promise takes the error it is given', async () => {
  const answer = deferred<number>();
  answer.reject(new Error('planted'));
  await assert.rejects(answer.promise, /planted/);
});
