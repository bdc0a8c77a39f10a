import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { suite, test, type TestContext } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node';
import { systemTimers } from '@chat-cluster/kernel';
import {
  EntityService,
  ShardMapRequestSchema,
  ShardMapResponseSchema,
} from '../../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { listenRpc, type RpcServer, type RpcServerOptions } from '../listen-rpc.ts';
import { testCertificates } from '../test-certificates.ts';
import type { UnaryCaller } from './unary-method.ts';

const PATH = '/chatcluster.engine.v1.EntityService/ShardMap';
const PROTOCOLS = ['gRPC', 'Connect'] as const;
/** What only this way answers: the library's would give the length of the name. */
const QUICK = 1_000;

type Answer = (entityType: string, caller: UnaryCaller) => Promise<number>;

async function listen(
  t: TestContext,
  answer: Answer = ({ length }) => Promise.resolve(QUICK + length),
  options: Partial<RpcServerOptions> = {},
): Promise<RpcServer> {
  const server = await listenRpc({
    host: '127.0.0.1',
    port: 0,
    routes: (router) =>
      router.service(EntityService, {
        shardMap: ({ entityType }) => ({ generationId: entityType.length }),
      }),
    unary: [
      {
        path: PATH,
        answer: async (message, caller) => {
          const { entityType } = fromBinary(ShardMapRequestSchema, message);
          const generationId = await answer(entityType, caller);
          return toBinary(ShardMapResponseSchema, create(ShardMapResponseSchema, { generationId }));
        },
      },
    ],
    access: { kind: 'nodes' },
    timers: systemTimers,
    report: () => undefined,
    ...options,
  });
  t.after(() => server.close());
  return server;
}

function clientOf(protocol: (typeof PROTOCOLS)[number], port: number, nodeOptions = {}) {
  const scheme = 'ca' in nodeOptions ? 'https' : 'http';
  const baseUrl = `${scheme}://localhost:${port}`;
  const transport =
    protocol === 'gRPC'
      ? createGrpcTransport({ baseUrl, nodeOptions })
      : createConnectTransport({ baseUrl, httpVersion: '2', nodeOptions });
  return createClient(EntityService, transport);
}

function failsWith(code: Code, sentence: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, code, error.message);
    assert.match(error.rawMessage, sentence);
    return true;
  };
}

/** Resolves when the caller's signal is aborted. */
async function untilEnded(
  ended: (reason: unknown) => void,
  { signal }: UnaryCaller,
): Promise<never> {
  await once(signal, 'abort');
  ended(signal.reason);
  throw signal.reason;
}

for (const protocol of PROTOCOLS) {
  suite(`a call of ${protocol} that is served without the library`, () => {
    test('is answered, and told how long its caller waits', async (t) => {
      const timeouts: (number | undefined)[] = [];
      const { port } = await listen(t, async ({ length }, { timeoutMs }) => {
        timeouts.push(timeoutMs);
        return QUICK + length;
      });
      const client = clientOf(protocol, port);
      assert.equal((await client.shardMap({ entityType: 'four' })).generationId, QUICK + 4);
      await client.shardMap({ entityType: '' }, { timeoutMs: 60_000 });
      assert.equal(timeouts[0], undefined);
      assert.ok(timeouts[1]! > 0 && timeouts[1]! <= 60_000);
    });

    test('is refused with the code, the sentence and the header of its error', async (t) => {
      const { port } = await listen(t, () => {
        throw new ConnectError('Zu spät: ask 100 % later.', Code.Unavailable, { 'x-why': 'late' });
      });
      await assert.rejects(clientOf(protocol, port).shardMap({}), (error) => {
        assert.equal(ConnectError.from(error).metadata.get('x-why'), 'late');
        return failsWith(Code.Unavailable, /^Zu spät: ask 100 % later\.$/)(error);
      });
    });

    test('is refused in a sentence that a header can carry, whatever is in it', async (t) => {
      const { port } = await listen(t, (sentence) => {
        throw new ConnectError(`${sentence}\ud83d`, Code.InvalidArgument);
      });
      const client = clientOf(protocol, port);
      await assert.rejects(
        client.shardMap({ entityType: 'Half a character:' }),
        failsWith(Code.InvalidArgument, /^Half a character:\ufffd$/),
      );
      await assert.rejects(
        client.shardMap({ entityType: 'ü'.repeat(100_000) }),
        failsWith(Code.InvalidArgument, /^ü{1000}$/),
      );
    });

    test('tells what nobody expected to the log only', async (t) => {
      const reported: unknown[] = [];
      const { port } = await listen(
        t,
        () => Promise.reject(new Error('The password of the database is wrong.')),
        { report: (_, __, facts) => reported.push(facts?.['error']) },
      );
      await assert.rejects(
        clientOf(protocol, port).shardMap({}),
        failsWith(Code.Internal, /^internal error$/),
      );
      assert.match(String(reported[0]), /password/);
    });

    test('is refused when its message is too large, and the connection goes on', async (t) => {
      const { port } = await listen(t, undefined, { limits: { messageBytesMax: 1_000 } });
      const client = clientOf(protocol, port);
      await assert.rejects(
        client.shardMap({ entityType: 'x'.repeat(200_000) }),
        failsWith(Code.ResourceExhausted, /1000/),
      );
      assert.equal((await client.shardMap({})).generationId, QUICK);
    });

    test('ends with its caller, with its time, and with the port', async (t) => {
      const { promise: cancelled, resolve: onCancelled } = Promise.withResolvers<unknown>();
      let ended = onCancelled;
      const server = await listen(t, (_, caller) => untilEnded(ended, caller));
      const client = clientOf(protocol, server.port);
      const caller = new AbortController();
      const given = client.shardMap({}, { signal: caller.signal });
      await new Promise((resolve) => setTimeout(resolve, 50));
      caller.abort();
      await assert.rejects(given);
      assert.match(String(await cancelled), /gone/);

      const { promise: late, resolve: onLate } = Promise.withResolvers<unknown>();
      ended = onLate;
      await assert.rejects(client.shardMap({}, { timeoutMs: 50 }));
      await late;

      ended = () => undefined;
      const open = client.shardMap({});
      await new Promise((resolve) => setTimeout(resolve, 50));
      const closed = server.close();
      await assert.rejects(open, failsWith(Code.Unavailable, /stopping/));
      await closed;
    });

    test('needs the secret, or a certificate, like all others', async (t) => {
      const access = { kind: 'nodes', secret: 'a secret between nodes' } as const;
      const { port } = await listen(t, undefined, { access });
      const client = clientOf(protocol, port);
      await assert.rejects(client.shardMap({}), failsWith(Code.Unauthenticated, /shows none/));
      const headers = { authorization: `Bearer ${access.secret}` };
      assert.equal((await client.shardMap({}, { headers })).generationId, QUICK);

      const { ca, cert, key } = testCertificates;
      const secure = await listen(t, undefined, { tls: { ca, cert, key } });
      const certified = clientOf(protocol, secure.port, { ca, cert, key });
      assert.equal((await certified.shardMap({})).generationId, QUICK);
      const unknown = clientOf(protocol, secure.port, { ca });
      await assert.rejects(unknown.shardMap({}), failsWith(Code.Unauthenticated, /certificate/));
    });
  });
}

test('what is not one binary message over HTTP/2 is the library’s', async (t) => {
  const { port } = await listen(t);
  const response = await fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ entityType: 'four' }),
  });
  assert.deepEqual(await response.json(), { generationId: 4 });
});

test('bytes that are no message are refused, and a body that does not come is cut off', async (t) => {
  const { port } = await listen(t, undefined, { limits: { requestTimeoutMs: 100 } });
  const say = sayer(t, port);
  assert.equal((await say(Buffer.from([0, 0]))).status, String(Code.Unimplemented));
  assert.equal((await say(Buffer.from([0, 0, 0, 0, 9, 1]))).status, String(Code.Unimplemented));
  assert.equal((await say(Buffer.from([1, 0, 0, 0, 0]))).status, String(Code.Internal));
  assert.equal((await say(undefined)).rstCode, constants.NGHTTP2_CANCEL);
});

test('a call is answered whatever time its caller names', async (t) => {
  const { port } = await listen(t);
  const empty = Buffer.alloc(5);
  const { status } = await sayer(t, port)(empty, { 'grpc-timeout': '99999999H' }, 'until answered');
  assert.equal(status, undefined, 'The status follows the answer.');
});

test('a call that is refused before its body has come does not hold the connection', async (t) => {
  const access = { kind: 'nodes', secret: 'a secret between nodes' } as const;
  const { port } = await listen(t, undefined, { access, limits: { requestTimeoutMs: 100 } });
  const { rstCode, status } = await sayer(t, port)(undefined);
  assert.deepEqual([status, rstCode], [String(Code.Unauthenticated), constants.NGHTTP2_CANCEL]);
});

test('a call whose body does not come ends with its time, and with the port', async (t) => {
  const server = await listen(t);
  const say = sayer(t, server.port);
  const late = say(undefined, { 'grpc-timeout': '50m' }, 'until answered');
  assert.equal((await late).status, String(Code.DeadlineExceeded));
  const open = say(undefined, {}, 'until answered');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = server.close();
  assert.equal((await open).status, String(Code.Unavailable));
  await closed;
});

/** Says these bytes of a body, or none and never ends it; resolves when the stream is closed, or answered. */
function sayer(t: TestContext, port: number) {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  t.after(() => session.close());
  return async (body: Buffer | undefined, headers = {}, until = 'until closed') => {
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      ...headers,
    });
    let status: unknown;
    stream.on('response', (shown) => (status = shown['grpc-status']));
    const answered = once(stream, 'response');
    stream.on('error', () => undefined);
    stream.resume();
    if (body !== undefined) stream.end(body);
    if (until === 'until answered') await answered;
    else await once(stream, 'close');
    if (until === 'until answered') stream.close();
    return { status, rstCode: stream.rstCode };
  };
}
