import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { saslHandshakeHandler } from '../api/17-sasl-handshake.ts';
import { saslAuthenticateHandler } from '../api/36-sasl-authenticate.ts';
import { on } from '../api/handler.ts';
import type { BrokerState } from '../broker-state.ts';
import { RequestCounters } from '../metrics/request-counters.ts';
import { ByteBudget } from '../server/byte-budget.ts';
import { Dispatcher } from '../server/dispatcher.ts';
import { listen } from '../server/listener.ts';
import { WireClient } from '../server/wire-client.ts';
import { startBroker } from '../start-broker.ts';
import { describeCluster } from '../wire/messages/60-describe-cluster.ts';
import { openSecurity } from './broker-security.ts';
import type { ListenerSecurity, TlsOptions } from './listener-security.ts';
import { authenticatePlain } from './sasl-client.ts';
import type { ScramUsers } from './scram-users.ts';
import { testCertificates } from './test-certificates.ts';

const { ca, brokerCert: cert, brokerKey: key } = testCertificates;
const trusting: ConnectionOptions = { ca };
const alice = { ca, cert: testCertificates.clientCert, key: testCertificates.clientKey };
const stranger = { ca, cert: testCertificates.strangerCert, key: testCertificates.strangerKey };

const ALICE = String.raw`User:CN=alice,OU=chat,O=Example\, Inc.,C=DE`;
const GENEROUS_MS = 30_000;

/** Answers with the client's principal in place of the cluster's id. */
const tellPrincipal = on(describeCluster, (_request, { connection }) => ({
  errorCode: 0,
  clusterId: connection.principal,
  brokers: [],
}));

/** A listener that tells clients who they are. */
async function open(
  context: TestContext,
  security: ListenerSecurity,
  authenticationMs = GENEROUS_MS,
) {
  const address = { host: '127.0.0.1', port: 0, ...security };
  const onError = (error: Error): never => assert.fail(error);
  const scramUsers = { configure: () => Promise.resolve() } as unknown as ScramUsers;
  const users = { bob: 'secret' };
  const timing = { clock: systemClock, timers: systemTimers, authenticationMs };
  const [opened] = await openSecurity([address], { users, scramUsers, ...timing, onError });
  assert.ok(opened);
  // All that the dispatcher asks; the one handler asks nothing.
  const broker = { clock: systemClock, requestCounters: new RequestCounters() } as BrokerState;
  const handlers = [tellPrincipal, saslHandshakeHandler, saslAuthenticateHandler];
  const listener = await listen({
    ...opened,
    ...timing,
    dispatcher: new Dispatcher({ broker, handlers }),
    budget: new ByteBudget({ bytesMax: 1_000_000 }),
    connectionsMax: 10,
    frameBytesMax: 1_000_000,
    onError,
  });
  context.after(() => listener.close());
  return listener;
}

function openTls(context: TestContext, more: Partial<TlsOptions> = {}, authenticationMs?: number) {
  return open(context, { tls: { key, cert, ca, ...more } }, authenticationMs);
}

async function principalOf(client: WireClient): Promise<string> {
  const answer = await client.call(describeCluster, 0, {});
  client.close();
  return answer.clusterId;
}

/** Who the listener says a client is that shows this; null: it closes the connection. */
async function principalWith(port: number, shown: ConnectionOptions): Promise<string | null> {
  try {
    return await principalOf(await WireClient.connect(port, shown));
  } catch {
    return null;
  }
}

describe('a listener with TLS', { timeout: 20_000 }, () => {
  test('does not ask for certificates unless told to', async (context) => {
    const { port } = await openTls(context);
    assert.equal(await principalWith(port, trusting), 'User:ANONYMOUS');
    assert.equal(await principalWith(port, alice), 'User:ANONYMOUS');
  });

  test('that requests certificates names who shows one, and closes the connection of a stranger', async (context) => {
    const { port } = await openTls(context, { clientAuth: 'requested' });
    assert.equal(await principalWith(port, trusting), 'User:ANONYMOUS');
    assert.equal(await principalWith(port, alice), ALICE);
    assert.equal(await principalWith(port, stranger), null);
  });

  test('that requires certificates serves nobody else', async (context) => {
    const { port } = await openTls(context, { clientAuth: 'required' });
    assert.equal(await principalWith(port, trusting), null);
    assert.equal(await principalWith(port, alice), ALICE);
    assert.equal(await principalWith(port, stranger), null);
  });

  test('knows who resumes a session', async (context) => {
    const { port } = await openTls(context, { clientAuth: 'required' });
    const options = { host: '127.0.0.1', port, ...alice, maxVersion: 'TLSv1.2' as const };
    const first = connectTls(options);
    const [session] = (await once(first, 'session')) as [Buffer];
    first.destroy();
    const second = connectTls({ ...options, session });
    await once(second, 'secureConnect');
    assert.equal(second.isSessionReused(), true);
    second.destroy();
    assert.equal(await principalWith(port, { ...alice, maxVersion: 'TLSv1.2', session }), ALICE);
  });

  test('is not for clients that trust other authorities', async (context) => {
    const { port } = await openTls(context);
    await assert.rejects(WireClient.connect(port, {}), /unable to verify|self-signed/);
  });

  test('and SASL knows the client by the latter', async (context) => {
    const tls = { key, cert, ca, clientAuth: 'required' as const };
    const { port } = await open(context, { tls, sasl: { mechanisms: ['PLAIN'] } });
    const client = await WireClient.connect(port, alice);
    assert.equal((await authenticatePlain(client, 'bob', 'secret')).errorCode, 0);
    assert.equal(await principalOf(client), 'User:bob');
  });

  test('closes the connection of who speaks no TLS', async (context) => {
    const { port } = await openTls(context);
    const client = await WireClient.connect(port);
    await assert.rejects(client.call(describeCluster, 0, {}), { message: 'connection closed' });
    assert.equal(await principalWith(port, trusting), 'User:ANONYMOUS');
  });

  test('ends a hand-shake that takes too long, whether or not it goes on', async (context) => {
    const { port } = await openTls(context, {}, 300);
    const silent = await connected(port);
    const dripping = await connected(port);
    // The head of a record of 16,000 bytes, which then come one by one.
    dripping.write(Buffer.from([0x16, 0x03, 0x01, 0x3e, 0x80]));
    const drip = setInterval(() => dripping.write(Buffer.from([1])), 20);
    context.after(() => clearInterval(drip));
    const patient = await WireClient.connect(port, trusting);
    await Promise.all([closed(silent), closed(dripping)]);
    assert.equal(await principalOf(patient), 'User:ANONYMOUS');
  });

  test('outlives clients that go away in the middle of a hand-shake', async (context) => {
    const { port } = await openTls(context, { clientAuth: 'required' });
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from([0x16, 0x03, 0x01, 0x00]),
      Buffer.alloc(50),
    ]) {
      const socket = await connected(port);
      socket.write(bytes);
      socket.resetAndDestroy();
    }
    assert.equal(await principalWith(port, alice), ALICE);
  });

  test('closes all connections when it is closed', async (context) => {
    const listener = await openTls(context);
    const silent = await connected(listener.port);
    const client = await WireClient.connect(listener.port, trusting);
    await Promise.all([listener.close(), closed(silent), client.closed]);
  });
});

test('a broker with keys that are none does not start', async () => {
  const listeners = [{ host: '127.0.0.1', port: 0, tls: { key: 'no key', cert } }];
  await assert.rejects(startBroker({ listeners }), {
    name: 'BrokerStartError',
    code: 'INVALID_SECURITY',
    message: /^The private key \(tls\.key\)/,
  });
});

async function connected(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

function closed(socket: Socket): Promise<void> {
  socket.resume();
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
