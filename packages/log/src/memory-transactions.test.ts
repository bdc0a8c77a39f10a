import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EndDirection } from './memory-partition.ts';
import {
  MemoryTransactions,
  type ProducerIdentity,
  type TransactionPlace,
} from './memory-transactions.ts';
import { VirtualTime } from './virtual-time.ts';

/** A coordinator, and places that note how transactions end in them. */
function open(markerDelayMs: (place: string) => number = () => 0) {
  const time = new VirtualTime();
  const transactions = new MemoryTransactions({ timers: time.timers, markerDelayMs });
  const ends: string[] = [];
  const place = (key: string): TransactionPlace => ({
    key,
    end: ({ epoch }: ProducerIdentity, direction: EndDirection) =>
      ends.push(`${direction} in ${key}, epoch ${epoch}`),
  });
  const init = (options: { expected?: ProducerIdentity; timeoutMs?: number } = {}) =>
    transactions.initProducerId({ transactionalId: 't', ...options });
  const add = (identity: ProducerIdentity, ...keys: string[]): void =>
    transactions.add('t', identity, keys.map(place));
  const end = (identity: ProducerIdentity, direction: EndDirection): void =>
    transactions.end('t', identity, direction);
  return { time, transactions, ends, init, add, end };
}

const CONCURRENT = { refusal: 'CONCURRENT_TRANSACTIONS' };
const FENCED = { refusal: 'PRODUCER_FENCED' };
const INVALID = { refusal: 'INVALID_TXN_STATE' };

describe('the transaction coordinator of the memory broker', () => {
  test('taking an id over keeps the producer id, raises the epoch, and fences the holder', () => {
    const { init, add, end } = open();
    const first = init();
    const second = init();
    assert.deepEqual(second, { producerId: first.producerId, epoch: first.epoch + 1 });
    assert.throws(() => add(first, 'a'), FENCED);
    assert.throws(() => end(first, 'commit'), FENCED);
    add(second, 'a');
  });

  test('the end of a transaction is written in all its places, once', () => {
    const { ends, init, add, end } = open();
    const holder = init();
    add(holder, 'a', 'b');
    add(holder, 'b', 'c');
    end(holder, 'commit');
    end(holder, 'commit');
    assert.deepEqual(
      ends,
      ['a', 'b', 'c'].map((key) => `commit in ${key}, epoch 0`),
    );
    assert.throws(() => end(holder, 'abort'), INVALID);
  });

  test('there is nothing to end before something is added', () => {
    const { init, end } = open();
    const holder = init();
    assert.throws(() => end(holder, 'abort'), INVALID);
    assert.throws(() => end(holder, 'commit'), INVALID);
  });

  test('while the end is being written everything is refused for now, and what was decided stays', async () => {
    const { time, ends, init, add, end, transactions } = open((key) => (key === 'a' ? 10 : 30));
    const holder = init();
    add(holder, 'a', 'b');
    end(holder, 'commit');
    assert.deepEqual(transactions.ongoing(''), []);
    assert.throws(() => end(holder, 'commit'), CONCURRENT);
    assert.throws(() => end(holder, 'abort'), INVALID);
    assert.throws(() => add(holder, 'c'), CONCURRENT);
    assert.throws(() => init(), CONCURRENT);
    await time.pass(10);
    assert.deepEqual(ends, ['commit in a, epoch 0']);
    assert.throws(() => add(holder, 'c'), CONCURRENT);
    await time.pass(20);
    assert.equal(ends.length, 2);
    end(holder, 'commit');
    add(holder, 'c');
  });

  test('taking an id over with an open transaction aborts it first, with a newer epoch', async () => {
    const { time, ends, init, add, end } = open(() => 10);
    const holder = init();
    add(holder, 'a');
    assert.throws(() => init(), CONCURRENT);
    assert.throws(() => end(holder, 'commit'), FENCED);
    assert.throws(() => init(), CONCURRENT);
    await time.pass(10);
    assert.deepEqual(ends, ['abort in a, epoch 1']);
    assert.equal(init().epoch, 2);
  });

  test('a holder bumps its epoch as often as it asks, and an answer that was lost is given again', () => {
    const { init, add } = open();
    const first = init();
    const second = init({ expected: first });
    assert.equal(second.epoch, first.epoch + 1);
    assert.deepEqual(init({ expected: first }), second);
    assert.throws(() => add(first, 'a'), FENCED);
    assert.equal(init({ expected: second }).epoch, second.epoch + 1);
    assert.throws(() => init({ expected: first }), FENCED);
  });

  test('who has been fenced does not get the id back by bumping', () => {
    const { init } = open();
    const first = init();
    const second = init();
    assert.throws(() => init({ expected: first }), FENCED);
    assert.throws(() => init({ expected: { ...second, producerId: 99 } }), FENCED);
    assert.equal(init({ expected: second }).epoch, second.epoch + 1);
  });

  test('what is open for too long is aborted, and its holder is fenced', async () => {
    const { time, ends, init, add, end } = open();
    const holder = init({ timeoutMs: 500 });
    await time.pass(10_000);
    add(holder, 'a');
    await time.pass(400);
    add(holder, 'b');
    await time.pass(99);
    assert.deepEqual(ends, []);
    await time.pass(1);
    assert.deepEqual(ends, ['abort in a, epoch 1', 'abort in b, epoch 1']);
    assert.throws(() => end(holder, 'commit'), FENCED);
  });

  test('what has ended in time is not aborted later', async () => {
    const { time, ends, init, add, end } = open();
    const holder = init({ timeoutMs: 500 });
    add(holder, 'a');
    end(holder, 'commit');
    await time.pass(400);
    add(holder, 'b');
    await time.pass(400);
    end(holder, 'commit');
    await time.pass(1_000);
    assert.deepEqual(ends, ['commit in a, epoch 0', 'commit in b, epoch 0']);
  });

  test('a write is verified against what is open, its places and its holder', () => {
    const { init, add, end, transactions } = open();
    const holder = init();
    const verify = (key: string, identity = holder): void =>
      transactions.verify('t', identity, key);
    assert.throws(() => verify('a'), INVALID);
    add(holder, 'a');
    verify('a');
    assert.throws(() => verify('b'), INVALID);
    assert.throws(() => verify('a', { ...holder, epoch: holder.epoch + 1 }), FENCED);
    end(holder, 'commit');
    assert.throws(() => verify('a'), INVALID);
  });

  test('after the last epoch the id gets another producer', () => {
    const { init } = open();
    const first = init();
    let last = first;
    while (last.epoch < 32_766) last = init({ expected: last });
    const next = init({ expected: last });
    assert.equal(next.epoch, 0);
    assert.notEqual(next.producerId, first.producerId);
  });
});
