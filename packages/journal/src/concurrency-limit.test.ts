import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '@chat-cluster/kernel';
import { ConcurrencyLimit } from './concurrency-limit.ts';

test('no more than the limit runs at once, the others follow in order', async () => {
  const limit = new ConcurrencyLimit({ runningMax: 2, waitingMax: 10 });
  const started: number[] = [];
  const ends = Array.from({ length: 5 }, () => deferred<number>());
  const results = ends.map((end, index) =>
    limit.run(() => {
      started.push(index);
      return end.promise;
    }),
  );
  assert.deepEqual(started, [0, 1]);
  ends[1]?.resolve(1);
  await results[1];
  await Promise.resolve();
  assert.deepEqual(started, [0, 1, 2]);
  for (const [index, end] of ends.entries()) end.resolve(index);
  assert.deepEqual(await Promise.all(results), [0, 1, 2, 3, 4]);
});

test('work that fails gives its place to the next', async () => {
  const limit = new ConcurrencyLimit({ runningMax: 1, waitingMax: 1 });
  const failed = limit.run(() => Promise.reject(new Error('planted')));
  const next = limit.run(async () => 'next');
  await assert.rejects(failed, /planted/);
  assert.equal(await next, 'next');
  assert.equal(await limit.run(async () => 'later'), 'later');
});

test('what neither runs nor fits into the queue is refused as unavailable', async () => {
  const limit = new ConcurrencyLimit({ runningMax: 1, waitingMax: 1 });
  const end = deferred<void>();
  const running = limit.run(() => end.promise);
  const waiting = limit.run(async () => 'waited');
  await assert.rejects(
    limit.run(async () => 'never'),
    { code: 'unavailable', retriable: true },
  );
  end.resolve();
  await running;
  assert.equal(await waiting, 'waited');
});
