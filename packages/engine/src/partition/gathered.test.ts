import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gathered } from './gathered.ts';

test('what is asked in one go is one request; what is asked after it was sent is another', async () => {
  const requests: (readonly number[])[] = [];
  const doubled = new Gathered(async (keys: readonly number[]) => {
    requests.push(keys);
    return keys.map((key) => 2 * key);
  });
  const first = Promise.all([doubled.ask(1), doubled.ask(2)]);
  await Promise.resolve();
  const later = doubled.ask(3);
  assert.deepEqual(await first, [2, 4]);
  assert.equal(await later, 6);
  assert.deepEqual(requests, [[1, 2], [3]]);
});

test('a request that fails fails for all who asked, and for nobody after', async () => {
  let isDown = true;
  const asking = new Gathered(async (keys: readonly string[]) => {
    if (isDown) throw new Error('down');
    return keys;
  });
  const failed = Promise.allSettled([asking.ask('a'), asking.ask('b')]);
  assert.ok((await failed).every(({ status }) => status === 'rejected'));
  isDown = false;
  const again = asking.ask('a');
  assert.equal(await again, 'a');
});
