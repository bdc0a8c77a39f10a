import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { EntityService } from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { listenRpc, type RpcServer, type RpcServerOptions } from '../rpc/listen-rpc.ts';
import { EntityRouter } from './entity-router.ts';
import { entityRoutes } from './entity-service.ts';
import { RouterError } from './router-error.ts';
import { RpcPeers } from './rpc-peers.ts';
import { mapOf, ScriptedOwner, unanswered } from './scripted-owner.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (of: Uint8Array): string => new TextDecoder().decode(of);

type Node = {
  readonly owner: ScriptedOwner;
  readonly router: EntityRouter;
  readonly server: RpcServer;
  readonly endpoint: string;
};

function makeRouter(
  t: TestContext,
  owners: readonly ScriptedOwner[],
  bootstrap: readonly string[] = [],
): EntityRouter {
  const peers = new RpcPeers({}, systemTimers);
  const router = new EntityRouter({
    owners,
    peers,
    bootstrap,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  t.after(() => {
    router.close();
    peers.close();
  });
  return router;
}

/** A port that waited for its connections would not be closed by then. */
const CLOSES_AT_ONCE = { timeout: 20_000 };
const NEVER_BY_FORCE = { closeTimeoutMs: 60_000 };

async function startNode(
  t: TestContext,
  memberId: string,
  limits: RpcServerOptions['limits'] = {},
): Promise<Node> {
  const owner = new ScriptedOwner(memberId);
  const router = makeRouter(t, [owner]);
  const server = await listenRpc({
    host: '127.0.0.1',
    port: 0,
    routes: entityRoutes(router, () => assert.fail('Nobody asks here for a record.')),
    access: { kind: 'nodes' },
    timers: systemTimers,
    limits,
    report: () => undefined,
  });
  t.after(() => server.close());
  return { owner, router, server, endpoint: `127.0.0.1:${server.port}` };
}

/** Two nodes; the second one owns everything. */
async function startPair(t: TestContext): Promise<readonly [Node, Node]> {
  const a = await startNode(t, 'a');
  const b = await startNode(t, 'b');
  const map = mapOf(1, { a: a.endpoint, b: b.endpoint }, 1);
  a.owner.setMap(map);
  b.owner.setMap(map);
  return [a, b];
}

suite('EntityService', () => {
  const transports = {
    'gRPC over HTTP/2': (baseUrl: string) => createGrpcTransport({ baseUrl }),
    'Connect over HTTP/1.1': (baseUrl: string) =>
      createConnectTransport({ baseUrl, httpVersion: '1.1', useBinaryFormat: false }),
    'Connect over HTTP/2': (baseUrl: string) =>
      createConnectTransport({ baseUrl, httpVersion: '2' }),
    'gRPC-Web over HTTP/1.1': (baseUrl: string) =>
      createGrpcWebTransport({ baseUrl, httpVersion: '1.1' }),
  };
  for (const [name, transport] of Object.entries(transports)) {
    test(`any node answers for an entity, asked with ${name}`, async (t) => {
      const [a, b] = await startPair(t);
      const client = createClient(EntityService, transport(`http://${a.endpoint}`));
      const { outcome } = await client.ask({
        entityType: 'counter',
        entityId: '7',
        question: bytes('how many?'),
        current: true,
        including: { topic: 'in', topicId: 'id', partition: 1, offsetNext: 9_000_000_000n },
      });
      assert(outcome.case === 'answer');
      assert.equal(text(outcome.value.answer), 'how many?');
      assert.equal(outcome.value.worker, 'b');
      assert.equal(outcome.value.positions[0]?.offsetNext, 2n ** 40n);
      assert.deepEqual(
        b.owner.questions.map(({ entityId, isCurrent, including }) => ({
          entityId,
          isCurrent,
          offsetNext: including?.offsetNext,
        })),
        [{ entityId: '7', isCurrent: true, offsetNext: 9_000_000_000 }],
      );
      assert.equal(a.router.counters.answeredByHop, 1);
      assert.equal(b.router.counters.hopsServed, 1);
    });
  }

  test('is spoken with JSON and an HTTP client, as curl does', async (t) => {
    const [a] = await startPair(t);
    const response = await fetch(`http://${a.endpoint}/chatcluster.engine.v1.EntityService/Ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ entityType: 'counter', entityId: '7', question: 'aGk=' }),
    });
    assert.equal(response.status, 200);
    const { answer } = (await response.json()) as { answer: { answer: string } };
    assert.equal(answer.answer, 'aGk=');
  });

  test('a refusal of the owner passes through at once, with its own code and a fitting one of gRPC', async (t) => {
    const [a, b] = await startPair(t);
    b.owner.onAsk = async () => ({
      kind: 'refused',
      code: 'invalid-position',
      reason: 'That topic was created anew.',
    });
    await assert.rejects(a.router.ask('counter', '7', bytes('?')), {
      name: 'RouterError',
      code: 'invalid-position',
      message: 'That topic was created anew.',
    });
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    await assert.rejects(client.ask({ entityType: 'counter', entityId: '7' }), (error) => {
      assert(error instanceof ConnectError);
      assert.equal(error.code, Code.FailedPrecondition);
      assert.equal(error.rawMessage, 'That topic was created anew.');
      return true;
    });
    assert.equal(b.owner.questions.length, 2);
  });

  test('who gets no answer is told so in a sentence before its own deadline', async (t) => {
    const [a, b] = await startPair(t);
    b.owner.onAsk = (_, signal) => unanswered(signal);
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    const asked = client.ask({ entityType: 'counter', entityId: '7' }, { timeoutMs: 3_000 });
    await assert.rejects(asked, (error) => {
      assert(error instanceof ConnectError);
      assert.equal(error.code, Code.Unavailable);
      assert.match(
        error.rawMessage,
        /^counter 7 did not answer within 2,?\d\d\d ms: its owner worker of b at 127/,
      );
      return true;
    });
    assert.equal(a.router.counters.unavailable, 1);
  });

  test('the map of a node that is asked in vain is learned, if it is younger', async (t) => {
    const [a, b] = await startPair(t);
    a.owner.setMap(mapOf(2, { a: a.endpoint, b: b.endpoint }, 1));
    b.owner.setMap(mapOf(3, { a: a.endpoint, b: b.endpoint }, 0));
    const { worker } = await a.router.ask('counter', '7', bytes('?'));
    assert.equal(worker, 'a');
    assert.equal(b.router.counters.hopsNotOwned, 1);
  });

  test('a process without workers finds its way from any node', async (t) => {
    const [a, b] = await startPair(t);
    const outside = makeRouter(t, [], ['127.0.0.1:1', a.endpoint]);
    assert.equal((await outside.ask('counter', '7', bytes('?'))).worker, 'b');
    assert.equal(a.router.counters.answeredByHop, 0);

    await b.server.close();
    a.owner.setMap(mapOf(2, { a: a.endpoint }, 0));
    assert.equal((await outside.ask('counter', '7', bytes('?'))).worker, 'a');
  });

  test('the map is told to who asks for it', async (t) => {
    const [a] = await startPair(t);
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    const map = await client.shardMap({ entityType: 'counter' });
    assert.deepEqual(map.owners, [1, 1, 1, 1]);
    assert.deepEqual(
      map.members.map(({ memberId }) => memberId),
      ['a', 'b'],
    );
    const young = await startNode(t, 'young');
    const early = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${young.endpoint}` }),
    );
    await assert.rejects(early.shardMap({ entityType: 'counter' }), /no map of counter yet/);
  });

  test('a type that no node is of is refused at once, wherever it is asked for', async (t) => {
    const [a, b] = await startPair(t);
    const outside = makeRouter(t, [], [a.endpoint, b.endpoint]);
    const refused = {
      code: 'unknown-entity-type',
      message:
        'There are no entities of type "conter" here, only of type counter. Is the name right?',
    };
    await assert.rejects(outside.ask('conter', '7', bytes('?')), refused);
    await assert.rejects(a.router.ask('conter', '7', bytes('?')), refused);
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    await assert.rejects(client.ask({ entityType: 'conter', entityId: '7' }), {
      code: Code.NotFound,
    });
  });

  test('another node is answered by the owner only: who is not says so, with its map', async (t) => {
    const [a, b] = await startPair(t);
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    const of = { entityType: 'counter', entityId: '7', isHop: true };
    const { outcome } = await client.ask(of);
    assert(outcome.case === 'notOwner');
    assert.deepEqual(outcome.value.map?.owners, [1, 1, 1, 1]);
    const messages: string[] = [];
    for await (const { message } of client.watch(of)) messages.push(String(message.case));
    assert.deepEqual(messages, ['notOwner']);
    assert.equal(b.owner.questions.length, 0);
  });

  test('a watch gives every event once, in order, while the entity moves from node to node', async (t) => {
    const [a, b] = await startPair(t);
    const event = (seq: number, skippedCount = 0) => ({
      seq,
      event: bytes(`event ${seq}`),
      timestampMs: seq,
      skippedCount,
    });
    const members = { a: a.endpoint, b: b.endpoint };
    b.owner.events = [0, 1, 2].map((seq) => event(seq));
    b.owner.onWatchEnd = async () => {
      const map = mapOf(2, members, 0);
      b.owner.setMap(map);
      a.owner.setMap(map);
      a.owner.events = [0, 1, 2, 3].map((seq) => event(seq));
      a.owner.events.push(event(6, 2));
      return { kind: 'not-owner', map };
    };
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${b.endpoint}` }),
    );
    const ending = new AbortController();
    const seqs: number[] = [];
    const watched = { entityType: 'counter', entityId: '7', seqFrom: 1n };
    for await (const { message } of client.watch(watched, { signal: ending.signal })) {
      assert(message.case === 'event');
      assert.equal(text(message.value.event), `event ${message.value.seq}`);
      seqs.push(Number(message.value.seq));
      if (seqs.length === 4) break;
    }
    ending.abort();
    assert.deepEqual(seqs, [1, 2, 3, 6]);
  });

  test('a watcher that takes its time holds the owner, two nodes away, and misses nothing', async (t) => {
    const [a, b] = await startPair(t);
    b.owner.events = Array.from({ length: 400 }, (_, seq) => ({
      seq,
      event: new Uint8Array(10_000),
      skippedCount: 0,
      timestampMs: seq,
    }));
    const client = createClient(
      EntityService,
      createGrpcTransport({ baseUrl: `http://${a.endpoint}` }),
    );
    let next = 0;
    for await (const { message } of client.watch({ entityType: 'counter', entityId: '7' })) {
      assert(message.case === 'event');
      assert.equal(message.value.seq, BigInt(next));
      // What the connections and streams of two hops hold: some hundred kilobytes.
      if (next === 0) await new Promise((resolve) => setTimeout(resolve, 300));
      if (next === 0) assert(b.owner.givenCount < 150);
      next += 1;
      if (next === b.owner.events.length) break;
    }
    assert.equal(b.owner.givenCount, 400);
  });

  test(
    'a watch that ends at another node leaves nothing on the connection, so that its port closes at once',
    CLOSES_AT_ONCE,
    async (t) => {
      const { endpoint, owner, server } = await startNode(t, 'a', NEVER_BY_FORCE);
      owner.setMap(mapOf(1, { a: endpoint, b: '127.0.0.1:1' }, 1));
      // It asks no connection whether its peer lives, and so ends none for that.
      const peers = new RpcPeers({}, { after: () => () => undefined });
      t.after(() => peers.close());
      const watched = { entityType: 'counter', entityId: '7', seqFrom: 0 };
      const { signal } = new AbortController();
      const watchAgain = async (_: unknown, index: number): Promise<void> => {
        for (;;) {
          const { kind } = await peers.watch(endpoint, watched, () => undefined, signal);
          assert.equal(kind, 'not-owner');
          await new Promise((resolve) => setTimeout(resolve, 20 + index));
        }
      };
      const watching = Promise.allSettled(Array.from({ length: 12 }, watchAgain));
      await new Promise((resolve) => setTimeout(resolve, 500));
      await server.close();
      const ends = await watching;
      assert.ok(ends.every(({ status }) => status === 'rejected'));
    },
  );

  test('a watch ends when its watcher does, with the reason that it gave', async (t) => {
    const [a] = await startPair(t);
    const ending = new AbortController();
    const watched = { entityType: 'counter', entityId: '7', seqFrom: 0 };
    const watching = a.router.watch(watched, () => undefined, ending.signal);
    ending.abort(new RouterError('unavailable', 'That is enough.'));
    await assert.rejects(watching, /That is enough/);
  });

  test('what a former owner keeps comes shard by shard, to who names it as the member that it was', async (t) => {
    const [a] = await startPair(t);
    const state = { entityId: '7', seqNext: 2, snapshotSeqNext: 1, state: bytes('state') };
    const part = { eventTopicId: 'events', eventNumber: 2 ** 40, states: [state], isLast: true };
    a.owner.retired = [0, 1, 2].map((shard) => ({ shard, ...part }));
    const peers = new RpcPeers({}, systemTimers);
    t.after(() => peers.close());
    const asked = { entityType: 'counter', shards: [2, 0] };
    const came: unknown[] = [];
    const ask = (memberId: string): Promise<void> => {
      const owner = { endpoint: a.endpoint, memberId };
      const { signal } = new AbortController();
      return peers.retiredStates(owner, asked, (each) => came.push(each), signal);
    };
    await ask(a.owner.memberId);
    assert.deepEqual(came, [
      { shard: 0, ...part },
      { shard: 2, ...part },
    ]);
    await assert.rejects(ask('another'), /does not live here/);
  });

  test('a former owner hears when who asked has had enough', async (t) => {
    const [a] = await startPair(t);
    const states = [
      { entityId: '7', seqNext: 2, snapshotSeqNext: 1, state: new Uint8Array(200_000) },
    ];
    const heard = Promise.withResolvers<void>();
    a.owner.retiredParts = function* ([shard = 0]) {
      try {
        for (;;) yield { shard, eventTopicId: 'events', eventNumber: 1, states, isLast: false };
      } finally {
        heard.resolve();
      }
    };
    const peers = new RpcPeers({}, systemTimers);
    t.after(() => peers.close());
    const enough = new AbortController();
    const owner = { endpoint: a.endpoint, memberId: a.owner.memberId };
    const asked = { entityType: 'counter', shards: [0] };
    const asking = peers.retiredStates(
      owner,
      asked,
      () => enough.abort(new Error('That is enough.')),
      enough.signal,
    );
    await assert.rejects(asking, /That is enough/);
    await heard.promise;
  });
});
