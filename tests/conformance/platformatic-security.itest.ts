import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  Admin,
  Connection,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
  type ConnectionOptions,
} from '@platformatic/kafka';
import { startBrokerThread, type Broker, type SaslMechanismName } from '@chat-cluster/broker';
import { testCertificates } from '@chat-cluster/broker/testing';

const { ca, brokerCert: cert, brokerKey: key } = testCertificates;
const shown = { ca, cert: testCertificates.clientCert, key: testCertificates.clientKey };
const stranger = { ca, cert: testCertificates.strangerCert, key: testCertificates.strangerKey };

const issuer = 'https://issuer.example';
const signer = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = { ...signer.publicKey.export({ format: 'jwk' }), kid: 'one' };
const strangersKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

/** A JSON Web Token of RS256. */
function token({ expiresInS = 60, privateKey = signer.privateKey } = {}): string {
  const exp = Math.floor(Date.now() / 1000) + expiresInS;
  const parts = [
    { alg: 'RS256', kid: 'one' },
    { iss: issuer, aud: 'kafka', sub: 'alice', exp },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = sign('sha256', Buffer.from(parts.join('.')), privateKey);
  return [...parts, signature.toString('base64url')].join('.');
}

/** How @platformatic/kafka's client gets in, and does not. */
describe('@platformatic/kafka with security', { timeout: 60_000 }, () => {
  let broker: Broker;
  const keys = createServer((_request, response) => {
    response.end(JSON.stringify({ keys: [publicKey] }));
  });

  const SASL = 0;
  const SASL_OVER_TLS = 1;
  const MUTUAL_TLS = 2;
  const SHORT_SESSIONS = 3;

  before(async () => {
    keys.listen(0, '127.0.0.1');
    await once(keys, 'listening');
    const jwks = `http://127.0.0.1:${(keys.address() as AddressInfo).port}/keys`;
    const mechanisms: SaslMechanismName[] = [
      'PLAIN',
      'SCRAM-SHA-256',
      'SCRAM-SHA-512',
      'OAUTHBEARER',
    ];
    const address = { host: '127.0.0.1', port: 0 };
    const oauthBearer = { issuer, audience: 'kafka' };
    const local = { ...oauthBearer, jwks: { keys: [publicKey] } };
    broker = await startBrokerThread({
      users: { alice: 'alice-secret' },
      listeners: [
        { ...address, sasl: { mechanisms, oauthBearer: { ...oauthBearer, jwks } } },
        { ...address, tls: { key, cert }, sasl: { mechanisms, oauthBearer: local } },
        { ...address, tls: { key, cert, ca, clientAuth: 'required' } },
        { ...address, sasl: { mechanisms: ['PLAIN'], connectionsMaxReauthMs: 1_500 } },
      ],
    });
  });
  after(async () => {
    await broker.close();
    keys.close();
  });

  function client(listener: number) {
    const bootstrapBrokers = [`127.0.0.1:${broker.ports[listener]}`];
    return {
      clientId: 'test',
      bootstrapBrokers,
      retries: 0,
      timeout: 5_000,
      connectTimeout: 5_000,
    };
  }

  type Security = Pick<ConnectionOptions, 'sasl' | 'tls'>;

  /** Writes a record, and reads it again in a group. */
  async function writeAndRead(listener: number, security: Security): Promise<void> {
    const topic = `topic-${crypto.randomUUID()}`;
    const options = { ...client(listener), ...security };
    const admin = new Admin(options);
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 });
    await admin.close();
    const producer = new Producer({ ...options, serializers: stringSerializers });
    await producer.send({ messages: [{ topic, key: 'key', value: 'value' }] });
    await producer.close();
    const consumer = new Consumer({
      ...{ ...options, groupId: topic, deserializers: stringDeserializers, maxWaitTime: 50 },
    });
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
    const read = await new Promise<string>((resolve, reject) => {
      stream.once('data', ({ value }) => resolve(value));
      stream.once('error', reject);
    });
    await stream.close();
    await consumer.close(true);
    assert.equal(read, 'value');
  }

  /** Why a client does not get in: the errors' messages, from the outermost to their causes. */
  async function refusal(listener: number, security: Security): Promise<string> {
    const admin = new Admin({ ...client(listener), ...security });
    try {
      await admin.listTopics();
      return 'none';
    } catch (error) {
      return messagesOf(error).join(' < ');
    } finally {
      await admin.close();
    }
  }

  const credentials = { username: 'alice', password: 'alice-secret' };

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    test(`gets in with ${mechanism}, with and without TLS`, async () => {
      const sasl = { mechanism, ...credentials };
      await writeAndRead(SASL, { sasl });
      await writeAndRead(SASL_OVER_TLS, { sasl, tls: { ca } });
    });

    test(`does not get in with ${mechanism} and a wrong password, or a name that nobody has`, async () => {
      for (const wrong of [{ password: 'wrong' }, { username: 'nobody' }]) {
        const refused = await refusal(SASL, { sasl: { mechanism, ...credentials, ...wrong } });
        assert.match(refused, /SASL authentication failed/);
      }
    });
  }

  test('gets in with OAUTHBEARER, with keys from a URL or given', async () => {
    const sasl = { mechanism: 'OAUTHBEARER' as const, token: token() };
    await writeAndRead(SASL, { sasl });
    await writeAndRead(SASL_OVER_TLS, { sasl, tls: { ca } });
  });

  test('does not get in with a token that has expired, or of a stranger', async () => {
    for (const bad of [token({ expiresInS: -60 }), token({ privateKey: strangersKey })]) {
      const sasl = { mechanism: 'OAUTHBEARER' as const, token: bad };
      assert.notEqual(await refusal(SASL, { sasl }), 'none');
    }
  });

  test('gets in with a client certificate, and only with one that the listener trusts', async () => {
    await writeAndRead(MUTUAL_TLS, { tls: shown });
    assert.notEqual(await refusal(MUTUAL_TLS, { tls: { ca } }), 'none');
    assert.notEqual(await refusal(MUTUAL_TLS, { tls: stranger }), 'none');
  });

  test('does not trust a broker whose authority it does not know', async () => {
    const refused = await refusal(SASL_OVER_TLS, {
      sasl: { mechanism: 'PLAIN', ...credentials },
      tls: { ca: testCertificates.strangerCert },
    });
    assert.match(refused, /unable to verify|self-signed|unable to get/);
  });

  test('does not get in without authenticating', async () => {
    assert.notEqual(await refusal(SASL, {}), 'none');
  });

  test('authenticates again before its session ends, and keeps the connection', async () => {
    const sasl = { mechanism: 'PLAIN' as const, ...credentials };
    const connection = new Connection('test', { sasl });
    let isClosed = false;
    connection.on('close', () => (isClosed = true));
    await connection.connect('127.0.0.1', broker.ports[SHORT_SESSIONS] ?? 0);
    await once(connection, 'sasl:authentication:extended');
    await once(connection, 'sasl:authentication:extended');
    assert.equal(isClosed, false);
    await connection.close();
  });
});

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error.message, ...[error.cause, ...inner].flatMap(messagesOf)];
}
