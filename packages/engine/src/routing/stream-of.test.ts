import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { unanswered } from './scripted-owner.ts';
import { streamOf } from './stream-of.ts';

const never = new AbortController().signal;

suite('a stream of what calls back', () => {
  test('takes the next item only when the one before was taken, and ends with the result', async () => {
    const given: number[] = [];
    const stream = streamOf<number, string>(async (onItem) => {
      for (const item of [1, 2, 3]) {
        given.push(item);
        await onItem(item);
      }
      return 'the end';
    }, never);
    assert.deepEqual(await stream.next(), { value: 1, done: false });
    assert.deepEqual(given, [1]);
    assert.deepEqual(await stream.next(), { value: 2, done: false });
    assert.deepEqual(given, [1, 2]);
    assert.deepEqual(await stream.next(), { value: 3, done: false });
    assert.deepEqual(await stream.next(), { value: 'the end', done: true });
  });

  test('fails with its source, after the items before', async () => {
    const stream = streamOf<number, never>(async (onItem) => {
      await onItem(1);
      throw new Error('The source is broken.');
    }, never);
    assert.equal((await stream.next()).value, 1);
    await assert.rejects(stream.next(), /The source is broken/);
  });

  test('ends its source when it is left, or when the outer signal is aborted', async () => {
    const signals: AbortSignal[] = [];
    const source = async (
      onItem: (item: number) => Promise<void>,
      signal: AbortSignal,
    ): Promise<never> => {
      signals.push(signal);
      await onItem(1);
      return unanswered(signal);
    };
    for await (const item of streamOf(source, never)) {
      assert.equal(item, 1);
      break;
    }
    assert.equal(signals[0]?.aborted, true);

    const outer = new AbortController();
    const stream = streamOf(source, outer.signal);
    await stream.next();
    const next = stream.next();
    outer.abort(new Error('The caller has gone.'));
    await assert.rejects(next, /The caller has gone/);
  });

  test('does not hold its source for ever when it is left while an item is given on', async () => {
    let ended = 0;
    const source = async (onItem: (item: number) => Promise<void>): Promise<void> => {
      try {
        for (let item = 1; ; item++) await onItem(item);
      } finally {
        ended += 1;
      }
    };
    for await (const item of streamOf(source, never)) if (item === 2) break;
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(ended, 1);
  });
});
