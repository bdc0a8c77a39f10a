import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryConnection } from './memory-connection.ts';
import { MemoryNetwork, type MemoryFault, type MemoryNetworkOptions } from './memory-network.ts';
import { VirtualTime } from './virtual-time.ts';

type Options = Omit<MemoryNetworkOptions, 'timers' | 'faults'>;

/** Connects a client to a broker that notes what arrives, and when. */
function connect(options: Options = {}) {
  const time = new VirtualTime();
  const fates: MemoryFault[] = [];
  const faults = { decide: (): MemoryFault => fates.shift() ?? { kind: 'pass' } };
  const network = new MemoryNetwork({ ...options, timers: time.timers, faults });
  const connection = new MemoryConnection(network, 'one');
  const arrived: string[] = [];
  const call = (name: string): Promise<string> =>
    connection.call('Metadata', () => {
      arrived.push(`${name} at ${time.nowMs}`);
      return name;
    });
  return { time, network, connection, fates, arrived, call };
}

describe('a connection to the memory broker', () => {
  test('a request never arrives within the call that sends it', async () => {
    const { time, arrived, call } = connect();
    const answer = call('a');
    assert.deepEqual(arrived, []);
    assert.equal(await time.settle(answer), 'a');
    assert.deepEqual(arrived, ['a at 0']);
  });

  test('hops take as long as they are told, there and back', async () => {
    const { time, arrived, call } = connect({ hopDelayMs: () => 7 });
    assert.equal(await time.settle(call('a')), 'a');
    assert.deepEqual(arrived, ['a at 7']);
    assert.equal(time.nowMs, 14);
  });

  test('requests arrive in their order, and answers come in theirs, however long each hop takes', async () => {
    const delays = [9, 1, 5, 8, 2, 1];
    const { time, arrived, call } = connect({ hopDelayMs: () => delays.shift()! });
    const answered: string[] = [];
    const calls = ['a', 'b', 'c'].map(async (name) => answered.push(await call(name)));
    await time.settle(Promise.all(calls));
    assert.deepEqual(arrived, ['a at 9', 'b at 9', 'c at 9']);
    assert.deepEqual(answered, ['a', 'b', 'c']);
  });

  test('what the broker refuses comes to the caller as it is', async () => {
    const { time, connection } = connect();
    const refusal = new Error('no');
    const answer = connection.call('Metadata', () => {
      throw refusal;
    });
    await assert.rejects(time.settle(answer), refusal);
  });

  test('a dropped request has no effect, a dropped answer has, and the caller cannot tell', async () => {
    const { time, fates, arrived, call } = connect({ requestTimeoutMs: 500 });
    fates.push({ kind: 'drop-request' }, { kind: 'drop-answer', noticedAfterMs: 30 });
    const [first, second] = [call('a'), call('b')];
    await assert.rejects(time.settle(second), { name: 'LogError', code: 'unavailable' });
    assert.equal(time.nowMs, 30);
    await assert.rejects(time.settle(first), { name: 'LogError', code: 'unavailable' });
    assert.equal(time.nowMs, 500);
    assert.deepEqual(arrived, ['b at 0']);
  });

  test('a request that is delayed past its time-out arrives although it was given up, behind later ones', async () => {
    const { time, fates, arrived, call } = connect({ requestTimeoutMs: 500 });
    fates.push({ kind: 'delay', delayMs: 800 }, { kind: 'delay', delayMs: 20 });
    const late = call('late');
    const next = call('next');
    assert.equal(await time.settle(next), 'next');
    await assert.rejects(time.settle(late), { code: 'unavailable' });
    await time.pass(1_000);
    assert.deepEqual(arrived, ['next at 20', 'late at 800']);
  });

  test('nothing passes a cut, and after it is healed everything does', async () => {
    const { time, network, arrived, call } = connect({
      requestTimeoutMs: 500,
      hopDelayMs: () => 10,
    });
    const before = call('before');
    await time.pass(15);
    network.cut('one');
    network.cut('another');
    const during = call('during');
    await assert.rejects(time.settle(before), { code: 'unavailable' });
    await assert.rejects(time.settle(during), { code: 'unavailable' });
    network.heal('one');
    assert.equal(await time.settle(call('after')), 'after');
    assert.deepEqual(
      arrived.map((text) => text.split(' ')[0]),
      ['before', 'after'],
    );
  });

  test('a connection that breaks loses the answers under way at once, not the requests', async () => {
    const { time, connection, arrived, call } = connect({ hopDelayMs: () => 10 });
    const lost = call('lost');
    await time.pass(5);
    connection.break();
    await assert.rejects(lost, { code: 'unavailable' });
    assert.equal(await time.settle(call('next')), 'next');
    assert.deepEqual(arrived, ['lost at 10', 'next at 15']);
  });

  test('a closed connection sends nothing, and what is awaited stays pending', async () => {
    const { time, connection, fates, arrived, call } = connect({ hopDelayMs: () => 10 });
    fates.push({ kind: 'pass' }, { kind: 'drop-answer' });
    let settledCount = 0;
    const note = (): void => {
      settledCount += 1;
    };
    for (const name of ['a', 'b']) call(name).then(note, note);
    connection.close();
    call('never').then(note, note);
    await time.pass(10_000);
    assert.deepEqual(arrived, ['a at 10', 'b at 10']);
    assert.equal(settledCount, 0);
  });
});
