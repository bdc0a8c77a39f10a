import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '@chat-cluster/kernel';
import { Limiter } from './limiter.ts';

test('no more jobs run than may, whenever one comes as another ends; the others wait in order', async () => {
  for (let microtasks = 0; microtasks < 10; microtasks++) {
    const limiter = new Limiter(1);
    const started: string[] = [];
    let running = 0;
    const job = (name: string, work: Promise<void>): Promise<void> =>
      limiter.run(async () => {
        started.push(name);
        running += 1;
        assert.equal(running, 1);
        await work;
        running -= 1;
      });
    const first = deferred<void>();
    const jobs = [job('a', first.promise), job('b', Promise.resolve())];
    first.resolve();
    for (let count = 0; count < microtasks; count++) await Promise.resolve();
    jobs.push(job('c', Promise.resolve()));
    await Promise.all(jobs);
    assert.deepEqual(started, ['a', 'b', 'c']);
  }
});

test('a job that fails gives its place back', async () => {
  const limiter = new Limiter(1);
  await assert.rejects(
    limiter.run(() => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await limiter.run(() => Promise.resolve('yes')), 'yes');
});

test('who does not wait any more leaves the line, and its job never runs', async () => {
  const limiter = new Limiter(1);
  const first = deferred<void>();
  const ran: string[] = [];
  const running = limiter.run(() => first.promise);
  const ending = new AbortController();
  const left = limiter.run(async () => ran.push('left'), { signal: ending.signal });
  const stayed = limiter.run(async () => ran.push('stayed'), {
    signal: new AbortController().signal,
  });
  ending.abort(new Error('enough'));
  await assert.rejects(left, /enough/);
  first.resolve();
  await Promise.all([running, stayed]);
  assert.deepEqual(ran, ['stayed']);
  assert.equal(limiter.isFull, false);
});

test('of those that wait the lowest rank comes first, and those of one rank in order', async () => {
  const limiter = new Limiter(1);
  const first = deferred<void>();
  const ran: string[] = [];
  const jobs = [limiter.run(() => first.promise, { rank: 9 })];
  for (const [name, rank] of [
    ['c', 2],
    ['a', 0],
    ['d', 2],
    ['b', 1],
  ] as const) {
    jobs.push(limiter.run(async () => void ran.push(name), { rank }));
  }
  assert.deepEqual([limiter.hasBelow(0), limiter.hasBelow(1)], [false, true]);
  first.resolve();
  await Promise.all(jobs);
  assert.deepEqual(ran, ['a', 'b', 'c', 'd']);
  assert.equal(limiter.hasBelow(10), false);
});
