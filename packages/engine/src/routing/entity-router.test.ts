import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { VirtualTime } from '@chat-cluster/log';
import type { AskOutcome, WatchedEvent } from './entity-owner.ts';
import { EntityRouter } from './entity-router.ts';
import { PeerError } from './peers.ts';
import { RouterError } from './router-error.ts';
import { RpcPeers } from './rpc-peers.ts';
import { mapOf, ScriptedOwner, unanswered } from './scripted-owner.ts';
import { ScriptedPeers } from './scripted-peers.ts';

const question = new Uint8Array([1, 2, 3]);
const members = { a: 'host-a:1', b: 'host-b:1', c: 'host-c:1' };
const [HERE, B, C] = [0, 1, 2];

function start({ isMember = true, bootstrap = [] as string[] } = {}) {
  const time = new VirtualTime();
  const owner = new ScriptedOwner('a');
  const peers = new ScriptedPeers();
  const router = new EntityRouter({
    owners: isMember ? [owner] : [],
    peers,
    bootstrap,
    clock: time.timers.clock,
    timers: time.timers,
    random: seededRandom(7),
  });
  const answered = (worker: string): AskOutcome => ({
    kind: 'answered',
    answer: { ...owner.answer(question), worker },
  });
  const ask = (options = {}) => router.ask('counter', '7', question, options);
  return { time, owner, peers, router, answered, ask };
}

suite('a question', () => {
  test('is answered by the worker here when the map says so, without a hop', async () => {
    const { time, owner, peers, router, ask } = start();
    owner.setMap(mapOf(1, members, HERE));
    assert.equal((await time.settle(ask())).worker, 'a');
    assert.deepEqual(peers.asked, []);
    assert.equal(router.counters.answeredLocally, 1);
    assert.equal(time.timers.nextDueInMs(), undefined);
  });

  test('goes to the next owner at once when a younger map comes while a silent one is asked', async () => {
    const { time, owner, peers, answered, ask } = start();
    owner.setMap(mapOf(1, members, B));
    peers.onAsk['host-b:1'] = (signal) => unanswered(signal);
    peers.onAsk['host-c:1'] = async () => answered('c');
    const asked = ask();
    await time.pass(300);
    owner.setMap(mapOf(2, members, C));
    assert.equal((await time.settle(asked)).worker, 'c');
    assert.equal(time.nowMs, 300);
  });

  test('does not spend its deadline on a silent owner, and is put to it again', async () => {
    const { time, owner, peers, answered, ask, router } = start();
    owner.setMap(mapOf(1, members, B));
    let calls = 0;
    peers.onAsk['host-b:1'] = async (signal) => {
      calls += 1;
      return calls < 3 ? unanswered(signal) : answered('b');
    };
    assert.equal((await time.settle(ask())).worker, 'b');
    assert(time.nowMs < 4_000);
    assert.equal(router.counters.retried, 2);
  });

  test('waits out an owner that is gone, with a bounded number of tries, and then says what happened', async () => {
    const { time, owner, peers, ask, router } = start();
    owner.setMap(mapOf(1, members, B));
    peers.onAsk['host-b:1'] = async () => {
      throw new PeerError('refused', 'refused the connection');
    };
    const failed = await time.settle(ask().catch((error: unknown) => error));
    assert(failed instanceof RouterError);
    assert.equal(failed.code, 'unavailable');
    assert.match(
      failed.message,
      /^counter 7 did not answer within 5000 ms: its owner worker of b at host-b:1 refused the connection \(\d+ tries\)/,
    );
    assert.equal(time.nowMs, 5_000);
    assert(peers.asked.length > 20 && peers.asked.length < 60);
    assert.equal(router.counters.unavailable, 1);
    assert.equal(time.timers.nextDueInMs(), undefined);
  });

  test('says what its owner said, also when time is up during the next try', async () => {
    const { time, owner, peers, ask } = start();
    owner.setMap(mapOf(1, members, B));
    peers.onAsk['host-b:1'] = async (signal) => {
      if (time.nowMs > 4_500) return unanswered(signal);
      throw new PeerError('unauthenticated', 'did not let this node in');
    };
    await assert.rejects(time.settle(ask()), /host-b:1 did not let this node in \(\d+ tries\)/);
  });

  test('follows the younger map of who is not the owner, and not an older one', async () => {
    const { time, owner, peers, answered, ask } = start();
    owner.setMap(mapOf(5, members, B));
    peers.onAsk['host-b:1'] = async () => ({ kind: 'not-owner', map: mapOf(6, members, C) });
    peers.onAsk['host-c:1'] = async () =>
      peers.asked.length < 4 ? { kind: 'not-owner', map: mapOf(4, members, B) } : answered('c');
    assert.equal((await time.settle(ask())).worker, 'c');
    assert.deepEqual(peers.asked, ['host-b:1', 'host-c:1', 'host-c:1', 'host-c:1']);
  });

  test('ends with the reason of its caller, also while it waits', async () => {
    const { time, ask, router } = start();
    const ending = new AbortController();
    const asked = ask({ signal: ending.signal });
    await time.pass(100);
    ending.abort(new Error('The caller has gone.'));
    await assert.rejects(time.settle(asked), /The caller has gone/);
    assert.equal(router.counters.unavailable, 0);
    assert.equal(time.timers.nextDueInMs(), undefined);
  });

  test('of a process outside of the group finds a map, and a new one when the owner is gone', async () => {
    const { time, peers, router, answered, ask } = start({
      isMember: false,
      bootstrap: ['dead:1', 'host-c:1'],
    });
    peers.map = mapOf(1, members, B);
    peers.onAsk['host-b:1'] = async () => answered('b');
    assert.equal((await time.settle(ask())).worker, 'b');
    peers.map = mapOf(2, { a: 'host-a:1', c: 'host-c:1' }, 1);
    peers.onAsk['host-b:1'] = async () => {
      throw new PeerError('broken', 'broke the connection');
    };
    peers.onAsk['host-c:1'] = async () => answered('c');
    assert.equal((await time.settle(ask())).worker, 'c');
    router.close();
  });

  test('to an endpoint that is none is as one to a node that does not answer', async (t) => {
    const { time, owner } = start();
    const peers = new RpcPeers({}, time.timers);
    t.after(() => peers.close());
    const { timers } = time;
    const random = seededRandom(1);
    const router = new EntityRouter({
      owners: [owner],
      peers,
      clock: timers.clock,
      timers,
      random,
    });
    owner.setMap(mapOf(1, { ...members, b: 'not an endpoint' }, B));
    const asked = router.ask('counter', '7', question);
    await assert.rejects(
      time.settle(asked),
      /at not an endpoint has an endpoint that is not HOST:PORT/,
    );
  });

  test('about a type that the workers here are not of is refused at once, with the types that they are of', async () => {
    const { time, owner, router } = start();
    owner.setMap(mapOf(1, members, HERE));
    const refused = { code: 'unknown-entity-type', message: /"conter" here, only of type counter/ };
    await assert.rejects(time.settle(router.ask('conter', '7', question)), refused);
    const watched = { entityType: 'conter', entityId: '7', seqFrom: 0 };
    const watching = router.watch(watched, () => undefined, new AbortController().signal);
    await assert.rejects(time.settle(watching), refused);
    assert.equal(time.nowMs, 0);
    assert.equal(router.counters.refused, 1);
  });

  test('about a type that no node is of is refused at once, and not while another node may know it', async () => {
    const bootstrap = ['host-a:1', 'host-b:1'];
    const { time, peers, router, ask } = start({ isMember: false, bootstrap });
    peers.strangers.push('host-a:1');
    await assert.rejects(time.settle(ask({ deadlineMs: 50 })), { code: 'unavailable' });
    peers.strangers.push('host-b:1');
    const refused = { code: 'unknown-entity-type', message: 'There are only lamps here.' };
    await assert.rejects(time.settle(ask()), refused);
    assert.equal(time.nowMs, 50);
    assert.equal(router.counters.refused, 1);
  });

  test('without anybody to ask says so', async () => {
    const { time, ask } = start({ isMember: false });
    await assert.rejects(time.settle(ask({ deadlineMs: 50 })), /no node is known/);
  });
});

suite('a question, whatever the nodes do', () => {
  for (let seed = 1; seed <= 40; seed++) {
    test(`is answered once by an owner, refused, or unavailable at its deadline (seed ${seed})`, async () => {
      const { time, owner, peers, router, answered, ask } = start();
      const random = seededRandom(seed);
      let generation = 1;
      const move = () => owner.setMap(mapOf((generation += 1), members, random.below(3)));
      const act = async (signal: AbortSignal, worker: string): Promise<AskOutcome> => {
        if (random.below(4) === 0) move();
        switch (random.below(6)) {
          case 0:
            throw new PeerError('refused', 'refused the connection');
          case 1:
            return unanswered(signal);
          case 2:
            return { kind: 'not-owner', map: mapOf(random.below(generation + 2), members, B) };
          case 3:
            return { kind: 'refused', code: 'invalid-question', reason: 'No.' };
          case 4:
            throw new PeerError('broken', 'broke the connection');
          default:
            return answered(worker);
        }
      };
      owner.onAsk = async (_, signal) => {
        try {
          return await act(signal, 'a');
        } catch (error) {
          if (error instanceof PeerError) return { kind: 'not-owner', map: undefined };
          throw error;
        }
      };
      for (const name of ['b', 'c']) {
        peers.onAsk[`host-${name}:1`] = (signal) => act(signal, name);
      }
      move();
      const outcomes = await time.settle(
        Promise.all(
          Array.from({ length: 20 }, () =>
            ask().then(
              () => 'answered',
              (error: unknown) => (error instanceof RouterError ? error.code : error),
            ),
          ),
        ),
      );
      for (const outcome of outcomes) {
        assert(['answered', 'invalid-question', 'unavailable'].includes(String(outcome)));
      }
      const { answeredLocally, answeredByHop, refused, unavailable } = router.counters;
      assert.equal(answeredLocally + answeredByHop + refused + unavailable, 20);
      assert(time.nowMs <= 5_000);
      assert.equal(time.timers.nextDueInMs(), undefined);
    });
  }
});

suite('a watch', () => {
  const eventOf = (seq: number): WatchedEvent => ({
    seq,
    event: new Uint8Array([seq]),
    skippedCount: 0,
    timestampMs: seq,
  });

  test('goes on from the seq after its last event, whatever ended it', async () => {
    const { time, owner, peers, router } = start();
    owner.setMap(mapOf(1, members, B));
    const froms: number[] = [];
    peers.onWatch = async (endpoint, seqFrom, onEvent, signal) => {
      froms.push(seqFrom);
      await onEvent(eventOf(seqFrom));
      await onEvent(eventOf(seqFrom + 1));
      if (froms.length === 1) throw new PeerError('broken', 'broke the connection');
      if (froms.length === 2) return { kind: 'not-owner', map: mapOf(2, members, C) };
      // A repeat, and a gap: neither reaches the watcher.
      if (froms.length === 3) await onEvent(eventOf(seqFrom));
      if (froms.length === 4) await onEvent(eventOf(seqFrom + 9));
      assert.equal(endpoint, 'host-c:1');
      return unanswered(signal);
    };
    const seqs: number[] = [];
    const ending = new AbortController();
    const watching = router.watch(
      { entityType: 'counter', entityId: '7', seqFrom: 3 },
      ({ seq }) => {
        seqs.push(seq);
        return undefined;
      },
      ending.signal,
    );
    await time.pass(1_000);
    assert.deepEqual(froms, [3, 5, 7, 9, 11]);
    assert.deepEqual(seqs, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    ending.abort(new Error('enough'));
    await assert.rejects(time.settle(watching), /enough/);
  });

  test('is not tried again for what its watcher fails with', async () => {
    const { time, owner, router } = start();
    owner.setMap(mapOf(1, members, HERE));
    owner.events = [eventOf(0)];
    const watching = router.watch(
      { entityType: 'counter', entityId: '7', seqFrom: 0 },
      () => Promise.reject(new PeerError('broken', 'the watcher itself')),
      new AbortController().signal,
    );
    await assert.rejects(time.settle(watching), /the watcher itself/);
    assert.equal(router.counters.retried, 0);
  });

  test('that no owner takes for half a minute is unavailable, and says where to go on', async () => {
    const { time, owner, peers, router } = start();
    owner.setMap(mapOf(1, members, B));
    peers.onWatch = async () => {
      throw new PeerError('refused', 'refused the connection');
    };
    const watching = router.watch(
      { entityType: 'counter', entityId: '7', seqFrom: 4 },
      () => undefined,
      new AbortController().signal,
    );
    await assert.rejects(time.settle(watching), {
      code: 'unavailable',
      message: /host-b:1 refused the connection. Watch again later, from seq 4/,
    });
    assert(time.nowMs >= 30_000 && time.nowMs < 31_000);
  });

  test('that does not keep up is told so, with its own code', async () => {
    const { time, owner, router } = start();
    owner.setMap(mapOf(1, members, HERE));
    owner.onWatchEnd = async () => ({ kind: 'too-slow' });
    const watching = router.watch(
      { entityType: 'counter', entityId: '7', seqFrom: 0 },
      () => undefined,
      new AbortController().signal,
    );
    await assert.rejects(time.settle(watching), { code: 'too-slow' });
  });
});
