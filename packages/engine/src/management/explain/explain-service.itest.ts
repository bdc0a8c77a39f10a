import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from '@connectrpc/connect-node';
import { systemClock, systemRandom, systemTimers } from '@chat-cluster/kernel';
import { EntityService } from '../../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { EntityRouter } from '../../routing/entity-router.ts';
import { entityRoutes } from '../../routing/entity-service.ts';
import { RpcPeers } from '../../routing/rpc-peers.ts';
import { listenRpc } from '../../rpc/listen-rpc.ts';
import { bearer } from '../../rpc/rpc-access.ts';
import type { ExplainOutcome, ExplainQuestion } from './explain-outcome.ts';
import type { Explanation } from './explanation.ts';

const SECRET = 'a secret of this test alone';
const headers = { authorization: bearer(SECRET) };

const at = (topic: string, partition: number, offset: number) => ({ topic, partition, offset });

const life: Explanation = {
  record: at('add', 1, 9_000_000_000),
  state: 'forwarded',
  timestampMs: 1_000,
  entityType: 'counter',
  entityId: '7',
  homePartition: 0,
  home: {
    record: at('add', 0, 5),
    state: 'decided',
    forwardedFrom: at('add', 1, 9_000_000_000),
    events: [
      {
        ...at('counter_events', 0, 3),
        appendedMs: 2_000,
        seq: 4,
        eventNumber: 12,
        isParked: false,
        isJournaled: true,
      },
    ],
    outputs: [{ ...at('totals', 2, 0), appendedMs: 2_001 }],
    sentences: ['It was decided.'],
  },
  sentences: ['It was forwarded.', 'It was decided.'],
};

/** A port that answers so, to those who know the secret. */
async function startService(t: TestContext, outcome: ExplainOutcome) {
  const asked: [ExplainQuestion, number][] = [];
  const peers = new RpcPeers({}, systemTimers);
  const router = new EntityRouter({
    owners: [],
    peers,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
  });
  const server = await listenRpc({
    host: '127.0.0.1',
    port: 0,
    routes: entityRoutes(router, async (question, deadlineMs) => {
      asked.push([question, deadlineMs]);
      return outcome;
    }),
    access: { kind: 'nodes', secret: SECRET },
    timers: systemTimers,
    report: () => undefined,
  });
  t.after(async () => {
    await server.close();
    router.close();
    peers.close();
  });
  return { asked, baseUrl: `http://127.0.0.1:${server.port}` };
}

suite('Explain over RPC', () => {
  const transports = {
    gRPC: createGrpcTransport,
    'gRPC-Web': (options: { baseUrl: string }) =>
      createGrpcWebTransport({ ...options, httpVersion: '1.1' }),
    Connect: (options: { baseUrl: string }) =>
      createConnectTransport({ ...options, httpVersion: '1.1' }),
  };

  for (const [name, transport] of Object.entries(transports)) {
    test(`tells the life of a record, its copy's too, over ${name}`, async (t) => {
      const { asked, baseUrl } = await startService(t, { kind: 'explained', explanations: [life] });
      const client = createClient(EntityService, transport({ baseUrl }));
      const place = { topic: 'add', partition: 1, offset: 9_000_000_000n };
      const { explanations, searched } = await client.explain(
        { question: { case: 'record', value: place } },
        { headers, timeoutMs: 10_000 },
      );
      const [[question, deadlineMs] = []] = asked;
      assert.deepEqual(question, { kind: 'record', at: life.record });
      assert(deadlineMs !== undefined && deadlineMs <= 9_700 && deadlineMs > 1_000);
      assert.equal(searched, '');
      const [told] = explanations;
      assert.equal(told?.record?.offset, 9_000_000_000n);
      assert.deepEqual(
        [told.state, told.homePartition, told.timestampMs],
        ['forwarded', 0, 1_000n],
      );
      assert.deepEqual(told.sentences, life.sentences);
      const [event] = told.home?.events ?? [];
      assert.deepEqual(
        [event?.seq, event?.eventNumber, event?.isJournaled, event?.record?.at?.offset],
        [4n, 12n, true, 3n],
      );
      assert.equal(told.home?.forwardedFrom?.offset, 9_000_000_000n);
      assert.equal(told.home?.outputs[0]?.at?.topic, 'totals');
    });
  }

  /** JSON with an HTTP client, as curl does. */
  function post(baseUrl: string, question: unknown, shown: Record<string, string> = headers) {
    return fetch(`${baseUrl}/chatcluster.engine.v1.EntityService/Explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...shown },
      body: JSON.stringify(question),
    });
  }

  test('tells of a message with JSON, and why it was refused', async (t) => {
    const deadLetter = {
      ...at('dead', 0, 7),
      appendedMs: 3_000,
      code: 'invalid',
      reason: 'It has no body.',
    };
    const refused: Explanation = {
      record: at('add', 0, 0),
      state: 'decided',
      deadLetter,
      sentences: ['It was refused.'],
    };
    const { asked, baseUrl } = await startService(t, {
      kind: 'explained',
      explanations: [refused],
      searched: 'Time was up.',
    });
    const response = await post(baseUrl, { message: { messageId: 'm', entityId: '7' } });
    assert.deepEqual(asked[0], [{ kind: 'message', messageId: 'm', entityId: '7' }, 20_000]);
    const body = (await response.json()) as {
      explanations: { deadLetter: unknown }[];
      searched: string;
    };
    assert.equal(body.searched, 'Time was up.');
    assert.deepEqual(body.explanations[0]?.deadLetter, {
      record: { at: { topic: 'dead', offset: '7' }, appendedMs: '3000' },
      code: 'invalid',
      reason: 'It has no body.',
    });
  });

  test('tells nothing to who does not know the secret, and asks for nothing', async (t) => {
    const { asked, baseUrl } = await startService(t, { kind: 'explained', explanations: [life] });
    assert.equal((await post(baseUrl, { message: { messageId: 'm' } }, {})).status, 401);
    assert.deepEqual(asked, []);
  });

  test('a request that names nothing is told how to ask', async (t) => {
    const { asked, baseUrl } = await startService(t, { kind: 'explained', explanations: [] });
    for (const nothing of [
      {},
      { message: {} },
      { record: {} },
      { record: { topic: 't', partition: -1 } },
      { record: { topic: 't', offset: '-1' } },
      { record: { topic: 't', offset: '9007199254740993' } },
    ]) {
      const response = await post(baseUrl, nothing);
      assert.equal(response.status, 400, JSON.stringify(nothing));
      assert.match(await response.text(), /Name a record/);
    }
    assert.deepEqual(asked, []);
  });

  test('each refusal has a code of gRPC that says whether to ask again', async (t) => {
    const codes = {
      'no-message-ids': Code.InvalidArgument,
      deadline: Code.DeadlineExceeded,
      unreadable: Code.Unavailable,
      overloaded: Code.ResourceExhausted,
      failed: Code.Internal,
    } as const;
    for (const [code, expected] of Object.entries(codes)) {
      const reason = 'This is why.';
      const refusal = { kind: 'refused', code: code as keyof typeof codes, reason } as const;
      const { baseUrl } = await startService(t, refusal);
      const client = createClient(EntityService, createGrpcTransport({ baseUrl }));
      const question = { case: 'message' as const, value: { messageId: 'm' } };
      await assert.rejects(client.explain({ question }, { headers }), (error) => {
        assert(error instanceof ConnectError);
        assert.deepEqual([error.code, error.rawMessage], [expected, reason]);
        return true;
      });
    }
  });
});
