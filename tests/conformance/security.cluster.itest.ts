import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import { testCertificates } from '@chat-cluster/broker/testing';
import { fetchJars } from '../../tools/services/jars.ts';
import { findJava } from '../../tools/services/java.ts';
import { jarsDirDefault } from '../../tools/services/start-services.ts';

const run = promisify(execFile);
const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');
const SCRIPT = join(import.meta.dirname, 'confluent_security.py');

const { ca, brokerCert: cert, brokerKey: key, clientCert, clientKey } = testCertificates;

/** Kafka's own tools and librdkafka against listeners with security. */
describe("others' clients get in", { timeout: 180_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'broker-security-'));
  let broker: Broker;
  let java: string;
  let jars: string;

  const OPEN = 0;
  const SASL_SSL = 1;
  const SSL = 2;

  before(async () => {
    java = await findJava();
    jars = await fetchJars({ name: 'kafka', jarsDir: jarsDirDefault });
    const address = { host: '127.0.0.1', port: 0 };
    const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
    broker = await startBrokerThread({
      users: { alice: 'alice-secret' },
      listeners: [
        address,
        { ...address, tls: { key, cert }, sasl: { mechanisms, connectionsMaxReauthMs: 2_000 } },
        { ...address, tls: { key, cert, ca, clientAuth: 'required' } },
      ],
    });
    writeFileSync(join(dir, 'ca.pem'), ca);
    writeFileSync(join(dir, 'client-cert.pem'), clientCert);
    writeFileSync(join(dir, 'client-key.pem'), clientKey);
  });
  after(async () => {
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  /** Runs a tool of Kafka's; gives what it printed. */
  async function tool(name: string, listener: number, args: readonly string[]): Promise<string> {
    const server = ['--bootstrap-server', `127.0.0.1:${broker.ports[listener]}`];
    const { stdout } = await run(java, ['-cp', join(jars, '*'), name, ...server, ...args]);
    return stdout;
  }

  function configs(args: readonly string[]): Promise<string> {
    return tool('kafka.admin.ConfigCommand', OPEN, [
      ...['--entity-type', 'users', '--entity-name', 'carol', ...args],
    ]);
  }

  /** Lists topics as a client with these properties. */
  function list(listener: number, properties: Record<string, string>): Promise<string> {
    const file = join(dir, `${crypto.randomUUID()}.properties`);
    const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
    writeFileSync(file, lines.join('\n'));
    return tool('org.apache.kafka.tools.TopicCommand', listener, [
      ...['--command-config', file, '--list'],
    ]);
  }

  const trusting = {
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': join(dir, 'ca.pem'),
  };

  function saslSsl(mechanism: string, user: string, password: string): Record<string, string> {
    const login = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
    return {
      ...trusting,
      'security.protocol': 'SASL_SSL',
      'sasl.mechanism': mechanism,
      'sasl.jaas.config': `org.apache.kafka.common.security.${login} required username="${user}" password="${password}";`,
    };
  }

  const kcat = (listener: number, properties: Record<string, string>) =>
    run('kcat', [
      ...['-b', `127.0.0.1:${broker.ports[listener]}`, '-L', '-m', '10'],
      ...Object.entries(properties).flatMap(([name, value]) => ['-X', `${name}=${value}`]),
    ]);

  test('as users that kafka-configs has made, until it deletes them', async () => {
    const added = [
      '--alter',
      '--add-config',
      'SCRAM-SHA-256=[iterations=8192,password=carol-secret]',
    ];
    assert.match(await configs(added), /Completed updating config for user carol/);
    await list(SASL_SSL, saslSsl('SCRAM-SHA-256', 'carol', 'carol-secret'));
    await assert.rejects(
      list(SASL_SSL, saslSsl('SCRAM-SHA-256', 'carol', 'wrong')),
      printing(
        /Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256/,
      ),
    );
    await configs(['--alter', '--delete-config', 'SCRAM-SHA-256']);
    await assert.rejects(
      list(SASL_SSL, saslSsl('SCRAM-SHA-256', 'carol', 'carol-secret')),
      printing(/SaslAuthenticationException/),
    );
  });

  test('as users of the options, with Java', async () => {
    await list(SASL_SSL, saslSsl('PLAIN', 'alice', 'alice-secret'));
    await list(SASL_SSL, saslSsl('SCRAM-SHA-512', 'alice', 'alice-secret'));
    await assert.rejects(
      list(SASL_SSL, saslSsl('PLAIN', 'alice', 'wrong')),
      printing(/Authentication failed: Invalid username or password/),
    );
  });

  // The librdkafka of Debian's kcat repeats its nonce in SCRAM, which Kafka refuses as well (CVE-2024-56128).
  test('as users of the options, with librdkafka', async () => {
    const bootstrap = `127.0.0.1:${broker.ports[SASL_SSL]}`;
    const args = [SCRIPT, bootstrap, join(dir, 'ca.pem'), 'alice', 'alice-secret'];
    const { stdout } = await run(PYTHON, args);
    assert.deepEqual(JSON.parse(stdout), {
      PLAIN: true,
      'SCRAM-SHA-256': true,
      'SCRAM-SHA-512': true,
      'dave has': [['SCRAM_SHA_512', 5000]],
      dave: true,
      'dave with SHA-256': false,
    });
  });

  test('as users of the options, with kcat', async () => {
    const properties = {
      'security.protocol': 'SASL_SSL',
      'ssl.ca.location': join(dir, 'ca.pem'),
      'sasl.mechanism': 'PLAIN',
      'sasl.username': 'alice',
      'sasl.password': 'alice-secret',
    };
    const { stdout } = await kcat(SASL_SSL, properties);
    assert.match(stdout, /broker 1 at 127\.0\.0\.1:\d+ \(controller\)/);
    await assert.rejects(kcat(SASL_SSL, { ...properties, 'sasl.password': 'wrong' }), /SASL/);
  });

  test('by their certificates, with Java and librdkafka', async () => {
    writeFileSync(join(dir, 'key-store.pem'), clientKey + clientCert);
    const keyStore = {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': join(dir, 'key-store.pem'),
    };
    await list(SSL, { ...trusting, ...keyStore, 'security.protocol': 'SSL' });
    const rdkafka = {
      'security.protocol': 'SSL',
      'ssl.ca.location': join(dir, 'ca.pem'),
      'ssl.certificate.location': join(dir, 'client-cert.pem'),
      'ssl.key.location': join(dir, 'client-key.pem'),
    };
    const { stdout } = await kcat(SSL, rdkafka);
    assert.match(stdout, /broker 1 at/);
    const { 'security.protocol': protocol, 'ssl.ca.location': location } = rdkafka;
    await assert.rejects(kcat(SSL, { 'security.protocol': protocol, 'ssl.ca.location': location }));
  });
});

/** A program that failed, and printed this. */
function printing(pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Error && 'stdout' in error && 'stderr' in error);
    assert.match(`${String(error.stdout)}${String(error.stderr)}`, pattern);
    return true;
  };
}
