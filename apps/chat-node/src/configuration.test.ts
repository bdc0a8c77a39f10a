import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultEngineLimits } from '@chat-cluster/engine';
import { readNodeConfiguration } from './configuration.ts';

function configure(...argv: string[]) {
  return readNodeConfiguration({ argv, env: {}, readFile: () => '{}' });
}

function problemOf(...argv: string[]): string {
  const configuration = configure(...argv);
  assert.ok(configuration.kind === 'problem');
  return configuration.problem;
}

test('a node needs to be told its journal, and nothing else', () => {
  assert.deepEqual(configure('--journal', 'lmdb:./journal'), {
    kind: 'settings',
    settings: {
      brokers: [{ host: '127.0.0.1', port: 9092 }],
      journal: { kind: 'lmdb', dir: './journal' },
      endpoint: { host: '127.0.0.1', port: 2551 },
      access: {
        secret: undefined,
        tls: undefined,
        management: { host: '127.0.0.1', port: 8551, token: undefined },
      },
      httpPort: 8080,
      workerCount: 1,
      partitionCount: 12,
      replicationFactor: undefined,
      groupId: 'chat',
      backlogBytesMax: defaultEngineLimits.backlogBytesMax,
      logForm: 'auto',
      logLevel: 'info',
    },
  });
  assert.match(problemOf(), /^--journal is missing; it must be lmdb:DIR or cassandra:HOST/);
});

test('the brokers come from KAFKA_BROKERS too', () => {
  const env = { KAFKA_BROKERS: 'kafka:9093' };
  const argv = ['--journal', 'lmdb:./journal'];
  const configuration = readNodeConfiguration({ argv, env, readFile: () => '{}' });
  assert.ok(configuration.kind === 'settings');
  assert.deepEqual(configuration.settings.brokers, [{ host: 'kafka', port: 9093 }]);
});

test('everything can be told', () => {
  const argv =
    '--brokers a:1,[::1]:2 --journal cassandra:c1,c2:9999/chat --cassandra-data-center dc1 --cassandra-replication dc1:3,dc2:2 --cassandra-user u --cassandra-password p --cassandra-tls-ca a --cassandra-tls-cert c --cassandra-tls-key k --cassandra-batch-kib 20 --endpoint n1:7 --secret s --tls-cert c --tls-key k --tls-ca a --management-host n1 --management-port 0 --management-token t --http-port 0 --workers 3 --partitions 6 --replication-factor 3 --group g --backlog-mib 7 --log text --log-level debug';
  assert.deepEqual(configure(...argv.split(' ')), {
    kind: 'settings',
    settings: {
      brokers: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      journal: {
        kind: 'cassandra',
        contactPoints: [
          { host: 'c1', port: 9042 },
          { host: 'c2', port: 9999 },
        ],
        keyspace: 'chat',
        access: {
          localDataCenter: 'dc1',
          replication: { dc1: 3, dc2: 2 },
          credentials: { username: 'u', password: 'p' },
          tls: { ca: '{}', cert: '{}', key: '{}' },
          batchBytesMax: 20 * 1024,
        },
      },
      endpoint: { host: 'n1', port: 7 },
      access: {
        secret: 's',
        tls: { cert: '{}', key: '{}', ca: '{}' },
        management: { host: 'n1', port: 0, token: 't' },
      },
      httpPort: 0,
      workerCount: 3,
      partitionCount: 6,
      replicationFactor: 3,
      groupId: 'g',
      backlogBytesMax: 7 * 1024 * 1024,
      logForm: 'text',
      logLevel: 'debug',
    },
  });
});

test('values that are none are refused by name', () => {
  const journal = ['--journal', 'lmdb:j'];
  assert.equal(
    problemOf(...journal, '--brokers', 'localhost'),
    '--brokers is "localhost"; it must be HOST:PORT, several with commas between them.',
  );
  assert.equal(
    problemOf(...journal, '--log-level', 'loud'),
    '--log-level is "loud"; it must be one of trace, debug, info, warn, error, fatal, silent.',
  );
  const host = 'x'.repeat(87);
  assert.equal(
    problemOf(...journal, '--endpoint', `${host}:8551`),
    `--endpoint is "${host}:8551"; it must be HOST:PORT, at most 90 characters.`,
  );
  assert.equal(
    problemOf(...journal, '--http-port', '8551'),
    '--http-port and --management-port are both 8551; choose another one for one of them.',
  );
  assert.equal(
    problemOf(...journal, '--endpoint', '127.0.0.1:8549', '--workers', '2'),
    '--management-port is 8551, and other nodes use 8549 to 8551 (--endpoint); choose another one for one of them.',
  );
  assert.match(
    problemOf(...journal, '--endpoint', '127.0.0.1:65534', '--workers', '2'),
    /^--endpoint has port 65534, and there are no 2 ports after it/,
  );
  assert.equal(problemOf(...journal, '--kafka-port', '1'), 'There is no option --kafka-port.');
});

test('what other machines can reach needs to be told who may', () => {
  const journal = ['--journal', 'lmdb:j'];
  for (const endpoint of ['10.0.0.1:2551', 'node-1:2551', '0.0.0.0:2551', '[::]:2551']) {
    const far = [...journal, '--endpoint', endpoint];
    assert.match(problemOf(...far), /^Other machines can reach .* set CHATCLUSTER_SECRET, or/);
    assert.equal(configure(...far, '--secret', 's').kind, 'settings');
    const shown = ['--tls-cert', 'c', '--tls-key', 'k'];
    // A node that only shows a certificate lets everybody in.
    assert.match(problemOf(...far, ...shown), /^Other machines can reach/);
    assert.equal(configure(...far, ...shown, '--tls-ca', 'a').kind, 'settings');
  }
  for (const endpoint of ['127.0.0.1:1', '127.1.2.3:1', 'localhost:1', '[::1]:1']) {
    assert.equal(configure(...journal, '--endpoint', endpoint).kind, 'settings', endpoint);
  }
  assert.match(
    problemOf(...journal, '--management-host', '0.0.0.0'),
    /^Other machines can reach --management-host 0\.0\.0\.0: set CHATCLUSTER_MANAGEMENT_TOKEN/,
  );
  assert.equal(
    problemOf(...journal, '--tls-cert', 'c'),
    '--tls-cert and --tls-key go together, and --tls-ca goes with them.',
  );
});

test('help names every setting', () => {
  const configuration = configure('--help');
  assert.ok(configuration.kind === 'help');
  for (const name of ['brokers', 'journal', 'endpoint', 'workers', 'group', 'config', 'help']) {
    assert.match(configuration.text, new RegExp(`--${name}\\b`));
  }
});
