import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { openBroker } from '../api/broker-harness.ts';
import { WireClient } from '../server/wire-client.ts';
import { startBrokerThread } from '../start-broker-thread.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { alterUserScramCredentials, describeUserScramCredentials } from '../wire/messages/index.ts';
import { authenticateScram, saltedPasswordOf } from './sasl-client.ts';
import { testCertificates } from './test-certificates.ts';

const SHA_256 = 1;
const SHA_512 = 2;
const salt = Buffer.from('a salt of twenty-six bytes');

function upsertion(name: string, password = 'secret', { iterations = 4096 } = {}) {
  const saltedPassword = saltedPasswordOf(password, salt, iterations);
  return { name, mechanism: SHA_256, iterations, salt, saltedPassword };
}

/** Alters credentials; gives what became of each user. */
async function alter(
  client: WireClient,
  {
    upsertions = [],
    deletions = [],
  }: {
    upsertions?: readonly ReturnType<typeof upsertion>[];
    deletions?: readonly { name: string; mechanism: number }[];
  },
) {
  const { results } = await client.call(alterUserScramCredentials, 0, { upsertions, deletions });
  return Object.fromEntries(results.map(({ user, errorCode }) => [user, errorCode]));
}

async function described(client: WireClient, users: string[] | null) {
  const named = users?.map((name) => ({ name })) ?? null;
  const answer = await client.call(describeUserScramCredentials, 0, { users: named });
  assert.equal(answer.errorCode, ErrorCode.NONE);
  return answer.results;
}

describe('SCRAM credentials that clients make', () => {
  test('let users in at once, and after a restart', async (context) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'scram-users-'));
    context.after(() => rmSync(dataDir, { recursive: true, force: true }));
    const password = 'a password that is in no file';
    const first = await start(context, dataDir);
    assert.deepEqual(
      await alter(first.admin, { upsertions: [upsertion('alice', password), upsertion('bob')] }),
      { alice: 0, bob: 0 },
    );
    assert.equal(await enter(first.scramPort, 'alice', password), ErrorCode.NONE);
    assert.deepEqual(
      await alter(first.admin, { deletions: [{ name: 'bob', mechanism: SHA_256 }] }),
      {
        bob: 0,
      },
    );
    await first.stop();
    for (const file of readdirSync(dataDir, { recursive: true, encoding: 'utf8' })) {
      const path = join(dataDir, file);
      const bytes = statSync(path).isFile() ? readFileSync(path) : Buffer.alloc(0);
      assert.equal(bytes.includes(password), false, file);
    }
    const second = await start(context, dataDir);
    assert.equal(await enter(second.scramPort, 'alice', password), ErrorCode.NONE);
    for (const [user, wrong] of [
      ['alice', 'another'],
      ['bob', 'secret'],
      ['nobody', 'secret'],
    ] as const) {
      const code = await enter(second.scramPort, user, wrong);
      assert.equal(code, ErrorCode.SASL_AUTHENTICATION_FAILED, user);
    }
    await second.stop();
  });

  test('are described, with those of the options', async (context) => {
    const { client } = await open(context);
    await alter(client, { upsertions: [upsertion('alice', 'secret', { iterations: 8192 })] });
    const alice = { mechanism: SHA_256, iterations: 8192 };
    const root = { mechanism: SHA_256, iterations: 4096 };
    const facts = { errorCode: 0, errorMessage: null };
    const all = [
      { user: 'alice', ...facts, credentialInfos: [alice] },
      { user: 'root', ...facts, credentialInfos: [root] },
    ];
    assert.deepEqual(await described(client, null), all);
    assert.deepEqual(await described(client, []), all);
    assert.deepEqual(await described(client, ['alice']), all.slice(0, 1));
    const [missing, twice] = await described(client, ['bob', 'alice', 'alice']);
    assert.equal(missing?.errorCode, ErrorCode.RESOURCE_NOT_FOUND);
    assert.equal(twice?.errorCode, ErrorCode.DUPLICATE_RESOURCE);
  });

  test('are refused where Kafka refuses them, and change nothing then', async (context) => {
    const { client } = await open(context);
    const ok = upsertion('ok');
    const deletions = [
      { name: 'missing', mechanism: SHA_256 },
      { name: 'deleted and made', mechanism: SHA_256 },
      { name: 'unknown mechanism', mechanism: 3 },
    ];
    const upsertions = [
      ok,
      upsertion(''),
      upsertion('root'),
      upsertion('deleted and made'),
      upsertion('twice'),
      { ...upsertion('twice'), mechanism: SHA_512, saltedPassword: Buffer.alloc(64, 1) },
      { ...ok, name: 'mechanism 0', mechanism: 0 },
      upsertion('few', 'secret', { iterations: 4095 }),
      upsertion('many', 'secret', { iterations: 16_385 }),
      { ...ok, name: 'no salt', salt: Buffer.alloc(0) },
      { ...ok, name: 'long salt', salt: Buffer.alloc(257) },
      { ...ok, name: 'short key', saltedPassword: Buffer.alloc(31) },
    ];
    const { UNACCEPTABLE_CREDENTIAL, UNSUPPORTED_SASL_MECHANISM } = ErrorCode;
    assert.deepEqual(await alter(client, { upsertions, deletions }), {
      ok: ErrorCode.NONE,
      '': UNACCEPTABLE_CREDENTIAL,
      root: UNACCEPTABLE_CREDENTIAL,
      'deleted and made': ErrorCode.DUPLICATE_RESOURCE,
      twice: ErrorCode.DUPLICATE_RESOURCE,
      missing: ErrorCode.RESOURCE_NOT_FOUND,
      'unknown mechanism': UNSUPPORTED_SASL_MECHANISM,
      'mechanism 0': UNSUPPORTED_SASL_MECHANISM,
      few: UNACCEPTABLE_CREDENTIAL,
      many: UNACCEPTABLE_CREDENTIAL,
      'no salt': UNACCEPTABLE_CREDENTIAL,
      'long salt': UNACCEPTABLE_CREDENTIAL,
      'short key': UNACCEPTABLE_CREDENTIAL,
    });
    const users = (await described(client, null)).map(({ user }) => user);
    assert.deepEqual(users, ['ok', 'root']);
  });
});

function open(context: TestContext) {
  const scram = { host: '127.0.0.1', port: 0, sasl: { mechanisms: ['SCRAM-SHA-256' as const] } };
  const listeners = [{ host: '127.0.0.1', port: 0 }, scram];
  return openBroker(context, { listeners, users: { root: 'secret' } });
}

/** A broker in a thread of its own: one listener for who administers it, one with TLS and SCRAM. */
async function start(context: TestContext, dataDir: string) {
  const { brokerCert: cert, brokerKey: key } = testCertificates;
  const sasl = { mechanisms: ['SCRAM-SHA-256' as const] };
  const address = { host: '127.0.0.1', port: 0 };
  const listeners = [address, { ...address, tls: { key, cert }, sasl }];
  const broker = await startBrokerThread({ dataDir, listeners });
  context.after(() => broker.close());
  const admin = await WireClient.connect(broker.port);
  const stop = (): Promise<void> => {
    admin.close();
    return broker.close();
  };
  return { admin, stop, scramPort: broker.ports[1] ?? 0 };
}

/** What comes of a try to authenticate. */
async function enter(port: number, user: string, password: string): Promise<number> {
  const client = await WireClient.connect(port, { ca: testCertificates.ca });
  const { errorCode } = await authenticateScram(client, user, password);
  client.close();
  return errorCode;
}
