import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemClock, systemTimers, type Cancel, type Timers } from '@chat-cluster/kernel';
import { openBroker } from '../api/broker-harness.ts';
import { WireClient } from '../server/wire-client.ts';
import { startBroker, type BrokerOptions } from '../start-broker.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { apiVersions, metadata, saslAuthenticate, saslHandshake } from '../wire/messages/index.ts';
import { authenticatePlain, plainMessage } from './sasl-client.ts';
import { testCertificates } from './test-certificates.ts';

const users = { alice: 'alice-secret', bob: 'bob-secret' };

function listenersWith(sasl: { connectionsMaxReauthMs?: number } = {}) {
  return [{ host: '127.0.0.1', port: 0, sasl: { mechanisms: ['PLAIN' as const], ...sasl } }];
}

function open(context: TestContext, options: BrokerOptions = {}) {
  return openBroker(context, { users, listeners: listenersWith(), ...options });
}

/** Asks for topics by these names; the longer, the larger the frame. */
function askMetadata(client: WireClient, nameLength = 1) {
  const topics = [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAA', name: 't'.repeat(nameLength) }];
  return client.call(metadata, 12, {
    topics,
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: false,
  });
}

const closed = { message: 'connection closed' };

/** The platform's timers, and how many of them may still fire. */
class CountingTimers implements Timers {
  pendingCount = 0;

  after(delayMs: number, callback: () => void): Cancel {
    let isPending = true;
    const end = (): void => {
      if (isPending) this.pendingCount--;
      isPending = false;
    };
    this.pendingCount++;
    const cancel = systemTimers.after(delayMs, () => {
      end();
      callback();
    });
    return () => {
      end();
      cancel();
    };
  }
}

describe('a listener with SASL', { timeout: 20_000 }, () => {
  test('serves nothing but what authenticating needs before that is done', async (context) => {
    const { client, connect } = await open(context);
    const { apiKeys } = await client.call(apiVersions, 3, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    });
    const versionsOf = (key: number) => apiKeys.find(({ apiKey }) => apiKey === key);
    assert.deepEqual(versionsOf(17), { apiKey: 17, minVersion: 0, maxVersion: 1 });
    assert.deepEqual(versionsOf(36), { apiKey: 36, minVersion: 0, maxVersion: 2 });
    await assert.rejects(askMetadata(client), closed);
    const other = await connect();
    assert.equal((await authenticatePlain(other, 'alice', users.alice)).errorCode, 0);
    assert.equal((await askMetadata(other)).brokers.length, 1);
  });

  test('answers a wrong password as an unknown user, and closes the connection', async (context) => {
    const { connect } = await open(context);
    for (const [user, password] of [
      ['alice', 'bob-secret'],
      ['mallory', 'alice-secret'],
    ] as const) {
      const client = await connect();
      const answer = await authenticatePlain(client, user, password);
      assert.equal(answer.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
      assert.equal(answer.errorMessage, 'Authentication failed: Invalid username or password');
      await client.closed;
    }
  });

  test('names its mechanisms to a client that asks for another, and closes the connection', async (context) => {
    const { client } = await open(context);
    assert.deepEqual(await client.call(saslHandshake, 1, { mechanism: 'GSSAPI' }), {
      errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: ['PLAIN'],
    });
    await client.closed;
  });

  test('takes large frames only from those who have authenticated', async (context) => {
    const { client, connect } = await open(context);
    const authBytes = Buffer.alloc(64 * 1024);
    await client.call(saslHandshake, 1, { mechanism: 'PLAIN' });
    await assert.rejects(client.call(saslAuthenticate, 2, { authBytes }), closed);
    const other = await connect();
    await authenticatePlain(other, 'alice', users.alice);
    for (const topic of (await askMetadata(other, 70_000)).topics) {
      assert.equal(topic.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION);
    }
  });

  test('closes the connection of who does not authenticate in time, and of nobody else', async (context) => {
    const limits = { authenticationMs: 50 };
    const { client, connect } = await open(context, { limits });
    const other = await connect();
    await authenticatePlain(other, 'alice', users.alice);
    await client.closed;
    const slow = await connect();
    await slow.closed;
    assert.equal((await askMetadata(other)).brokers.length, 1);
  });

  test('speaks with clients from before SaslAuthenticate', async (context) => {
    const { client, connect } = await open(context);
    const raw = (message: Buffer): Buffer => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(message.byteLength);
      return Buffer.concat([size, message]);
    };
    await client.call(saslHandshake, 0, { mechanism: 'PLAIN' });
    const answer = client.nextFrame();
    client.sendBytes(raw(plainMessage('alice', users.alice)));
    assert.equal((await answer).byteLength, 0);
    assert.equal((await askMetadata(client)).brokers.length, 1);
    const other = await connect();
    await other.call(saslHandshake, 0, { mechanism: 'PLAIN' });
    other.sendBytes(raw(plainMessage('alice', 'wrong')));
    await other.closed;
  });

  test('keeps no timer of a client that has gone', async (context) => {
    const timers = new CountingTimers();
    const { brokerCert: cert, brokerKey: key, ca } = testCertificates;
    const [listener] = listenersWith();
    assert.ok(listener);
    const listeners = [{ ...listener, tls: { cert, key } }];
    const broker = await startBroker({ users, listeners, timers });
    context.after(() => broker.close());
    const before = timers.pendingCount;
    const client = await WireClient.connect(broker.port, { ca });
    await client.call(saslHandshake, 1, { mechanism: 'PLAIN' });
    assert.ok(timers.pendingCount > before);
    client.close();
    while (timers.pendingCount > before) await setImmediate();
  });

  test('answers what was asked in one go', async (context) => {
    const { client } = await open(context);
    const handshake = client.call(saslHandshake, 1, { mechanism: 'PLAIN' });
    const authBytes = plainMessage('alice', users.alice);
    const granted = client.call(saslAuthenticate, 0, { authBytes });
    const answer = askMetadata(client);
    assert.deepEqual((await handshake).mechanisms, ['PLAIN']);
    assert.equal((await granted).errorCode, 0);
    assert.equal((await answer).brokers.length, 1);
  });
});

test('a listener without SASL says that it has none', async (context) => {
  const { client } = await openBroker(context);
  assert.deepEqual(await client.call(saslHandshake, 1, { mechanism: 'PLAIN' }), {
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    mechanisms: [],
  });
  const authBytes = plainMessage('alice', users.alice);
  const answer = await client.call(saslAuthenticate, 2, { authBytes });
  assert.equal(answer.errorCode, ErrorCode.ILLEGAL_SASL_STATE);
  assert.equal((await askMetadata(client)).brokers.length, 1);
});

describe('a session', () => {
  async function openSession(context: TestContext) {
    let aheadMs = 0;
    const clock = {
      wallMs: () => systemClock.wallMs() + aheadMs,
      monotonicMs: () => systemClock.monotonicMs() + aheadMs,
    };
    const listeners = listenersWith({ connectionsMaxReauthMs: 60_000 });
    const broker = await startBroker({ users, listeners, clock });
    context.after(() => broker.close());
    const client = await WireClient.connect(broker.port);
    context.after(() => client.close());
    return {
      client,
      pass: (ms: number) => {
        aheadMs += ms;
      },
    };
  }

  test('that nobody prolongs ends with the next request', async (context) => {
    const { client, pass } = await openSession(context);
    const granted = await authenticatePlain(client, 'alice', users.alice);
    assert.equal(granted.sessionLifetimeMs, 60_000);
    pass(59_000);
    await askMetadata(client);
    pass(1_001);
    await assert.rejects(askMetadata(client), closed);
  });

  test('goes on when the client authenticates again, on the same connection', async (context) => {
    const { client, pass } = await openSession(context);
    await authenticatePlain(client, 'alice', users.alice);
    for (let round = 0; round < 3; round++) {
      pass(50_000);
      const granted = await authenticatePlain(client, 'alice', users.alice);
      assert.equal(granted.sessionLifetimeMs, 60_000);
      await askMetadata(client);
    }
    pass(2_000);
    const changed = await authenticatePlain(client, 'bob', users.bob);
    assert.equal(changed.errorCode, ErrorCode.SASL_AUTHENTICATION_FAILED);
    assert.match(changed.errorMessage ?? '', /^Cannot change principals during re-authentication/);
    await client.closed;
  });
});
