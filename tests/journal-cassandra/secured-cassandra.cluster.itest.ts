import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Broker, startBrokerThread } from '@chat-cluster/broker';
import { testCertificates } from '@chat-cluster/engine/test-certificates';
import { type Services, startServices } from '../../tools/services/start-services.ts';
import { childProcesses } from '../node/child-processes.ts';
import { Program } from '../path/program.ts';

const CASSANDRA_PORT = 19_330;
const KEYSPACE = 'secured';
const JOURNAL = `cassandra:127.0.0.1:${CASSANDRA_PORT}/${KEYSPACE}`;
const USER = 'chat_nodes';
const PASSWORD = 'correct-horse';
const WRONG_PASSWORD = 'battery-staple';

type Env = Readonly<Record<string, string>>;

describe('a Cassandra that wants TLS, a certificate and a password', { timeout: 300_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'secured-cassandra-'));
  const file = (name: string): string => join(dir, name);
  const ca = ['--cassandra-tls-ca', file('ca.pem')];
  const tls = [
    ...ca,
    ...['--cassandra-tls-cert', file('cert.pem'), '--cassandra-tls-key', file('key.pem')],
  ];
  const user = ['--cassandra-user', USER];
  let services: Services;
  let broker: Broker;

  before(async () => {
    for (const [name, pem] of Object.entries(testCertificates)) {
      writeFileSync(file(`${name}.pem`), pem);
    }
    writeFileSync(file('node.json'), JSON.stringify({ 'cassandra-password': PASSWORD }));
    services = await startServices({
      dir,
      kafka: 0,
      cassandraPort: CASSANDRA_PORT,
      cassandraSecurity: {
        ...testCertificates,
        user: USER,
        password: PASSWORD,
        keyspace: KEYSPACE,
      },
    });
    broker = await startBrokerThread({ dataDir: file('broker') });
  });
  after(async () => {
    await broker.close();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  const nodeArgs = (...args: string[]) => [
    ...['node', '--brokers', `127.0.0.1:${broker.port}`, '--journal', JOURNAL, '--workers', '2'],
    ...['--endpoint', '127.0.0.1:0', '--management-port', '0', '--http-port', '0', ...args],
  ];
  const dumpArgs = (...args: string[]) => ['journal', 'dump', '--journal', JOURNAL, ...args];

  it('lets nobody in without all three, and everybody is told what to set', async () => {
    const rightEnv = { CHATCLUSTER_CASSANDRA_PASSWORD: PASSWORD };
    const wrongEnv = { CHATCLUSTER_CASSANDRA_PASSWORD: WRONG_PASSWORD };
    const stranger = ['--cassandra-tls-ca', file('strangerCert.pem'), ...tls.slice(2)];
    const processorPorts = ['0', '0', '0'];
    const processor = ['purchases', 'processor', ...processorPorts, '--journal', JOURNAL];
    const askedForTls =
      /^Cassandra does not answer as it should: .*ECONNRESET.*if they want TLS, set --cassandra-tls-ca/;
    const untrusted = /unable to verify .*Look at --cassandra-tls-ca, --cassandra-tls-cert and/;
    const withoutCertificate = /alert certificate required.*Look at --cassandra-tls-ca/s;
    const withoutUser =
      /^Cassandra asks for a user and a password\. Set --cassandra-user and CHATCLUSTER_CASSANDRA_PASSWORD\.$/;
    const notLetIn =
      /Cassandra does not let this user in: .*password are incorrect\. Set --cassandra-user and CHATCLUSTER_CASSANDRA_PASSWORD\./;
    const refused: readonly (readonly [args: readonly string[], env: Env, told: RegExp])[] = [
      [dumpArgs(...user), rightEnv, askedForTls],
      [dumpArgs(...user, ...stranger), rightEnv, untrusted],
      [dumpArgs(...user, ...ca), rightEnv, withoutCertificate],
      [dumpArgs(...tls), {}, withoutUser],
      [dumpArgs(...user, ...tls), wrongEnv, notLetIn],
      [[...processor, ...user, ...tls], wrongEnv, notLetIn],
      [nodeArgs(...user, ...tls), wrongEnv, notLetIn],
    ];
    await Promise.all(
      refused.map(async ([args, env, told]) => {
        const program = cli(args, env);
        assert.deepEqual(await program.ended, { code: 1, signal: null }, program.stderr);
        const said = program.stdout + program.stderr;
        assert.match(said.trim(), told);
        assert.doesNotMatch(said, new RegExp(`${PASSWORD}|${WRONG_PASSWORD}`));
      }),
    );
  });

  it('keeps what the workers of a node write, and nobody reads the password', async () => {
    const config = ['--config', file('node.json'), '--log-level', 'trace'];
    const node = cli(nodeArgs(...user, ...tls, ...config));
    await node.untilPrinted(/"msg":"Ready: /);
    const workers = childProcesses(node.pid);
    assert.equal(workers.length, 2);
    for (const pid of workers) {
      assert.doesNotMatch(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), new RegExp(PASSWORD));
    }
    const brokers = ['--brokers', `127.0.0.1:${broker.port}`];
    const send = cli(['chat', 'send', 'secret-garden', 'Hi!', '--from', 'ann', ...brokers]);
    assert.equal((await send.ended).code, 0, send.stderr);
    assert.deepEqual(await node.stop(), { code: 0, signal: null });
    const dump = cli(dumpArgs(...tls), {
      CHATCLUSTER_CASSANDRA_USER: USER,
      CHATCLUSTER_CASSANDRA_PASSWORD: PASSWORD,
    });
    assert.equal((await dump.ended).code, 0, dump.stderr);
    assert.match(dump.stdout, /^\{"entityType":"conversation","entityId":"secret-garden","seq":0/);
    for (const program of [node, dump]) {
      assert.doesNotMatch(program.stdout + program.stderr, new RegExp(PASSWORD));
    }
  });
});

function cli(args: readonly string[], env: Env = {}): Program {
  return new Program('apps/cli/src/main.js', args, { env });
}
