import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBrokerConfiguration } from './configuration.ts';

const defaults = {
  dataDir: './data/broker',
  listen: { host: '127.0.0.1', port: 9092 },
  advertised: undefined,
  partitionCount: 1,
  autoCreateTopics: true,
  flush: 'group',
  metricsPort: undefined,
  security: { allowUnauthenticated: false },
  users: {},
};

function configure(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return readBrokerConfiguration({ argv, env, readFile: (path) => FILES[path] ?? '{}' });
}

const FILES: Readonly<Record<string, string>> = {
  users: '{"ann":"wonderland"}',
  list: '["wonderland"]',
  numbers: '{"ann":7}',
  text: 'ann wonderland',
};

test('nothing needs to be told', () => {
  assert.deepEqual(configure([]), { kind: 'settings', settings: defaults });
});

test('everything can be told', () => {
  const argv = ['--in-memory', '--listen', '[::1]:0', '--advertise=broker.example:9093'];
  const env = {
    CHATCLUSTER_PARTITIONS: '3',
    CHATCLUSTER_NO_AUTO_CREATE: 'yes',
    CHATCLUSTER_FLUSH: '50',
    CHATCLUSTER_METRICS_PORT: '0',
  };
  assert.deepEqual(configure(argv, env), {
    kind: 'settings',
    settings: {
      dataDir: undefined,
      listen: { host: '::1', port: 0 },
      advertised: { host: 'broker.example', port: 9093 },
      partitionCount: 3,
      autoCreateTopics: false,
      flush: { intervalMs: 50 },
      metricsPort: 0,
      security: { allowUnauthenticated: false },
      users: {},
    },
  });
});

test('clients may be asked who they are', () => {
  const listen = ['--listen', '0.0.0.0:9092'];
  const pem = ['--tls-cert', 'cert', '--tls-key', 'key'];
  const users = { ann: 'wonderland' };
  const tls = { cert: '{}', key: '{}' };
  for (const [argv, security, known] of [
    [['--users', 'users'], { sasl: { mechanisms: ['SCRAM-SHA-256', 'SCRAM-SHA-512'] } }, users],
    [['--users', 'users', '--sasl', 'PLAIN'], { sasl: { mechanisms: ['PLAIN'] } }, users],
    [['--sasl', 'SCRAM-SHA-512'], { sasl: { mechanisms: ['SCRAM-SHA-512'] } }, {}],
    [[...pem, '--tls-ca', 'ca'], { tls: { ...tls, ca: '{}', clientAuth: 'required' } }, {}],
  ] as const) {
    const configuration = configure([...listen, ...argv]);
    assert.ok(configuration.kind === 'settings', argv.join(' '));
    const { settings } = configuration;
    assert.deepEqual(settings.security, { allowUnauthenticated: false, ...security });
    assert.deepEqual(settings.users, known);
  }
  const open = configure([...listen, '--allow-unauthenticated']);
  assert.ok(open.kind === 'settings' && open.settings.security.allowUnauthenticated);
});

test('users that cannot be read are not quoted', () => {
  for (const file of ['list', 'numbers', 'text']) {
    const problem = '--users is no JSON of names and passwords: {"ann": "her password"}.';
    assert.deepEqual(configure(['--users', file]), { kind: 'problem', problem });
  }
});

test('what cannot be is said in one sentence', () => {
  for (const [argv, problem] of [
    [['--listen', '9092'], '--listen is "9092"; it must be HOST:PORT, at most 260 characters.'],
    [['--partitions', '0'], '--partitions is "0"; it must be a whole number from 1 to 10000.'],
    [['--flush', '0'], '--flush is "0"; it must be group, os, or milliseconds from 1 to 60000.'],
    [
      ['--listen', '0.0.0.0:9092'],
      'Other machines can reach 0.0.0.0, and clients would not have to say who they are: give --users or --tls-ca, listen on 127.0.0.1, or say --allow-unauthenticated.',
    ],
    [
      ['--sasl', 'PLAIN,KERBEROS'],
      '--sasl is "PLAIN,KERBEROS"; it must be of PLAIN,SCRAM-SHA-256,SCRAM-SHA-512.',
    ],
    [['--tls-ca', 'ca'], '--tls-cert and --tls-key go together, and --tls-ca goes with them.'],
    [['--datadir', 'x'], 'There is no option --datadir; did you mean --data-dir?'],
  ] as const) {
    assert.deepEqual(configure(argv), { kind: 'problem', problem });
  }
});
