import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { ConnectError } from '@connectrpc/connect';
import { systemTimers } from '@chat-cluster/kernel';
import { callPeer } from './peer-call.ts';
import { PeerSession } from './peer-session.ts';

const call = {
  path: '/service/Method',
  message: new Uint8Array([1, 2, 3]),
  headers: { authorization: 'Bearer of a test' },
  timeoutMs: 1_500,
  bytesMax: 1_000,
};
const never = new AbortController().signal;

async function startPeer(t: TestContext, onStream: (stream: ServerHttp2Stream) => void) {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    onStream(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const authority = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const session = new PeerSession(authority, { tls: undefined, timers: systemTimers });
  t.after(() => {
    session.abort();
    server.close();
  });
  return session;
}

suite('a call of another node', () => {
  test('gives its message, and takes the answer however it is cut', async (t) => {
    const session = await startPeer(t, (stream) => {
      stream.once('data', (message: Buffer) => {
        stream.respond({ ':status': 200 });
        stream.write(message);
        setTimeout(() => stream.end(Buffer.from([4])), 20);
      });
    });
    assert.deepEqual([...(await callPeer(session, call, never))], [1, 2, 3, 4]);
  });

  test('fails with what its service says, with its headers', async (t) => {
    const session = await startPeer(t, (stream) => {
      stream.respond({ ':status': 404, 'chatcluster-refused': 'unknown-entity-type' });
      stream.end('{"code": "not_found", "message": "There is none."}');
    });
    await assert.rejects(callPeer(session, call, never), (error) => {
      assert(error instanceof ConnectError);
      assert.equal(error.rawMessage, 'There is none.');
      assert.equal(error.metadata.get('chatcluster-refused'), 'unknown-entity-type');
      return true;
    });
  });

  test('fails with the status of who speaks another protocol', async (t) => {
    const session = await startPeer(t, (stream) => {
      stream.respond({ ':status': 503 });
      stream.end('<html>Bad gateway</html>');
    });
    await assert.rejects(callPeer(session, call, never), /HTTP status 503/);
  });

  test('takes no more bytes than it may', async (t) => {
    const session = await startPeer(t, (stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(100_000));
    });
    await assert.rejects(callPeer(session, call, never), {
      code: 'failed',
      message: /more than 1000 bytes/,
    });
  });

  test('is broken when the connection is, and the next one has a new connection', async (t) => {
    let count = 0;
    const session = await startPeer(t, (stream) => {
      count += 1;
      if (count === 1) {
        stream.session?.destroy();
        return;
      }
      stream.respond({ ':status': 200 });
      stream.end();
    });
    await assert.rejects(callPeer(session, call, never), { code: 'broken' });
    assert.equal((await callPeer(session, call, never)).length, 0);
  });

  test('ends at once with the reason of its signal, whatever the peer does', async (t) => {
    const session = await startPeer(t, () => undefined);
    const ending = new AbortController();
    const message = new Uint8Array(10_000_000);
    const calling = callPeer(session, { ...call, message }, ending.signal);
    setTimeout(() => ending.abort(new Error('The deadline.')), 50);
    await assert.rejects(calling, /The deadline/);
    const aborted = AbortSignal.abort(new Error('Too late.'));
    await assert.rejects(callPeer(session, call, aborted), /Too late/);
  });
});
