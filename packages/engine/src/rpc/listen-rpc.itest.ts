import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { Code, ConnectError, createClient, type ConnectRouter } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { systemTimers } from '@chat-cluster/kernel';
import { EntityService } from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { listenRpc, type RpcServer, type RpcServerOptions } from './listen-rpc.ts';

const SECRET = 'a secret between nodes';
const PATH = '/chatcluster.engine.v1.EntityService/ShardMap';
const ATTEND = '/chatcluster.engine.v1.EntityService/Attend';
/** A port that waited for its connections would not be closed by then. */
const CLOSES_AT_ONCE = { timeout: 20_000 };

/** Answers with the length of the name, and attends until its signal is aborted. */
function routes(router: ConnectRouter): void {
  router.service(EntityService, {
    shardMap({ entityType }) {
      if (entityType === 'broken') throw new Error('The password of the database is wrong.');
      return { generationId: entityType.length };
    },
    async *attend(_, { signal }) {
      yield {};
      await once(signal, 'abort');
      throw signal.reason;
    },
  });
}

async function listen(t: TestContext, options: Partial<RpcServerOptions> = {}): Promise<RpcServer> {
  const server = await listenRpc({
    host: '127.0.0.1',
    port: 0,
    routes,
    access: { kind: 'nodes' },
    timers: systemTimers,
    report: () => undefined,
    ...options,
  });
  t.after(() => server.close());
  return server;
}

function grpc(port: number) {
  return createClient(EntityService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
}

async function post(port: number, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${PATH}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ entityType: 'four' }),
  });
}

/** All that the server says until it closes the connection. */
async function say(port: number, pieces: readonly string[]): Promise<string> {
  const socket = await open(port);
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  for (const piece of pieces) {
    socket.write(piece, 'latin1');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (!socket.closed) await once(socket, 'close');
  return heard;
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  return socket;
}

function codeOf(expected: Code, sentence: RegExp) {
  return (error: unknown): boolean => {
    assert(error instanceof ConnectError);
    assert.equal(error.code, expected);
    assert.match(error.rawMessage, sentence);
    return true;
  };
}

suite('one port', () => {
  test('speaks HTTP/2 and HTTP/1.1, also when the first bytes come one by one', async (t) => {
    const { port } = await listen(t);
    assert.equal((await grpc(port).shardMap({ entityType: 'four' })).generationId, 4);
    assert.deepEqual(await (await post(port)).json(), { generationId: 4 });
    const request = `POST ${PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;
    assert.match(await say(port, request.split('')), /^HTTP\/1.1 200 OK/);
  });

  test('answers hostile bytes with an error, or with nothing, and goes on', async (t) => {
    const { port } = await listen(t, { limits: { headersTimeoutMs: 200 } });
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    assert.match(await say(port, ['\0\0\0\0']), /^HTTP\/1.1 400/);
    assert.match(await say(port, [`${preface.slice(0, 20)}XX`]), /^HTTP\/1.1 400|^$/);
    await say(port, [`${preface}not a frame at all, but long enough to look like one`]);
    // Silent, half of a preface, half of the headers: cut off in time.
    assert.equal(await say(port, []), '');
    assert.equal(await say(port, ['PRI * HT']), '');
    assert.match(await say(port, ['GET / HTTP/1.1\r\nhost: a\r\nx: ']), /^HTTP\/1.1 408|^$/);
    assert.match(await say(port, [`POST ${PATH} HTTP/1.0\r\n\r\n`]), /^HTTP\/1.1 400/);
    const badHost = `POST ${PATH} HTTP/1.1\r\nhost: a b:c\r\nconnection: close\r\n\r\n`;
    assert.match(await say(port, [badHost]), /^HTTP\/1.1 400/);
    const longHeader = `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`;
    assert.match(await say(port, [longHeader]), /^HTTP\/1.1 431/);
    assert.equal((await grpc(port).shardMap({ entityType: 'four' })).generationId, 4);
  });

  test('refuses a message that is too large, and a method that it does not know', async (t) => {
    const { port } = await listen(t, { limits: { messageBytesMax: 1_000 } });
    await assert.rejects(
      grpc(port).shardMap({ entityType: 'x'.repeat(2_000) }),
      codeOf(Code.ResourceExhausted, /1000/),
    );
    await assert.rejects(grpc(port).ask({}), codeOf(Code.Unimplemented, /./));
    assert.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404);
  });

  test('takes no more connections than it may, and more once they are closed', async (t) => {
    // Time alone would close the third one no sooner.
    const limits = { connectionCountMax: 2, headersTimeoutMs: 250_000 };
    const { port } = await listen(t, { limits });
    const sockets = [await open(port), await open(port)];
    const third = await open(port);
    await once(third, 'close');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await grpc(port).shardMap({ entityType: 'four' })).generationId, 4);
  });

  test('closes with the open calls told to go elsewhere, and cuts off who does not end', async (t) => {
    const server = await listen(t, { limits: { closeTimeoutMs: 100 } });
    const mute = await open(server.port);
    mute.write(`POST ${PATH} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n`);
    mute.on('error', () => undefined);
    const stream = grpc(server.port).attend({})[Symbol.asyncIterator]();
    await stream.next();
    const ended = assert.rejects(stream.next(), codeOf(Code.Unavailable, /stopping/));
    await server.close();
    await ended;
    await assert.rejects(open(server.port), { code: 'ECONNREFUSED' });
  });

  test(
    'closes at once when the open calls were told so, also of a client of HTTP/1.1 that keeps its connection',
    CLOSES_AT_ONCE,
    async (t) => {
      const server = await listen(t, { limits: { closeTimeoutMs: 60_000 } });
      const socket = await open(server.port);
      // A stream of Connect's: one message without fields.
      socket.write(
        `POST ${ATTEND} HTTP/1.1\r\nhost: a\r\ncontent-type: application/connect+json\r\ncontent-length: 7\r\n\r\n\0\0\0\0\x02{}`,
        'latin1',
      );
      let heard = '';
      socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
      await once(socket, 'data');
      await Promise.all([server.close(), once(socket, 'close')]);
      assert.match(heard, /stopping: ask another one/);
    },
  );

  test('ends a request whose body does not come, and a connection that nobody uses', async (t) => {
    const limits = { requestTimeoutMs: 100, idleTimeoutMs: 200, pingTimeoutMs: 100 };
    const { port } = await listen(t, { limits });
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
    });
    stream.on('error', () => undefined);
    await once(stream, 'close');
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
    await once(session, 'close');
  });

  test('asks a silent client with an open call whether it lives, and keeps it if it does', async (t) => {
    const limits = { idleTimeoutMs: 50, pingTimeoutMs: 1_000 };
    const { port } = await listen(t, { limits });
    const ending = new AbortController();
    const stream = grpc(port).attend({}, { signal: ending.signal })[Symbol.asyncIterator]();
    await stream.next();
    const next = stream.next();
    const outcome = await Promise.race([
      next.then(
        () => 'ended',
        () => 'ended',
      ),
      new Promise((resolve) => setTimeout(resolve, 1_500, 'open')),
    ]);
    assert.equal(outcome, 'open');
    ending.abort();
    await assert.rejects(next);

    // One that does not answer pings.
    const impatient = await listen(t, { limits: { idleTimeoutMs: 50, pingTimeoutMs: 100 } });
    const mute = await open(impatient.port);
    mute.resume();
    const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
    const settings = '\0\0\0\x04\0\0\0\0\0';
    // HEADERS of stream 1 with END_HEADERS: POST, http, and a path, from HPACK's static table and literals.
    const path = `\x04${String.fromCodePoint(PATH.length)}${PATH}`;
    const type = '\x0f\x10\x10application/grpc';
    const fields = `\x83\x86${path}\x01\x01a${type}`;
    const length = String.fromCodePoint(fields.length);
    const headers = `\0\0${length}\x01\x04\0\0\0\x01${fields}`;
    mute.write(`${preface}${settings}${headers}`, 'latin1');
    mute.on('error', () => undefined);
    await once(mute, 'close');
  });

  test('keeps what a service fails with to itself, and tells its own log', async (t) => {
    const reported: unknown[] = [];
    const { port } = await listen(t, {
      report: (_, __, facts) => reported.push(facts?.['error']),
    });
    await assert.rejects(
      grpc(port).shardMap({ entityType: 'broken' }),
      codeOf(Code.Internal, /^internal error$/),
    );
    assert.match(String(reported[0]), /password/);
  });
});

suite('access', () => {
  test('who does not know the secret is told so, and gets nothing', async (t) => {
    const { port } = await listen(t, { access: { kind: 'nodes', secret: SECRET } });
    await assert.rejects(grpc(port).shardMap({}), codeOf(Code.Unauthenticated, /shows none/));
    const wrong = await post(port, { authorization: `Bearer ${SECRET}!` });
    assert.equal(wrong.status, 401);
    const { message } = (await wrong.json()) as { message: string };
    assert.match(message, /another secret/);
    assert(!message.includes(SECRET));
    assert.equal((await post(port, { authorization: `Bearer ${SECRET}` })).status, 200);
  });

  test('a port that others can reach is not opened without authentication', async (t) => {
    const refused = { name: 'RpcListenError', code: 'no-authentication' };
    await assert.rejects(listen(t, { host: '0.0.0.0' }), refused);
    await assert.rejects(listen(t, { host: '::' }), refused);
    await listen(t, { host: 'localhost' });
    await listen(t, { host: '0.0.0.0', access: { kind: 'nodes', secret: SECRET } });
    await listen(t, { host: '0.0.0.0', access: { kind: 'anyone' } });
    await assert.rejects(listen(t, { access: { kind: 'nodes', secret: 'short' } }), {
      code: 'weak-secret',
    });
  });

  test('a port that is taken, or no address of this machine, is an error that says so', async (t) => {
    const { port } = await listen(t);
    await assert.rejects(listen(t, { port }), { code: 'address-in-use' });
    const access = { kind: 'anyone' } as const;
    await assert.rejects(listen(t, { host: '192.0.2.1', access }), { code: 'address-unavailable' });
  });
});
