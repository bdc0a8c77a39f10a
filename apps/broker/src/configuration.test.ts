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
};

function configure(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return readBrokerConfiguration({ argv, env, readFile: () => '{}' });
}

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
    },
  });
});

test('what cannot be is said in one sentence', () => {
  for (const [argv, problem] of [
    [['--listen', '9092'], '--listen is "9092"; it must be HOST:PORT, at most 260 characters.'],
    [['--partitions', '0'], '--partitions is "0"; it must be a whole number from 1 to 10000.'],
    [['--flush', '0'], '--flush is "0"; it must be group, os, or milliseconds from 1 to 60000.'],
    [['--datadir', 'x'], 'There is no option --datadir; did you mean --data-dir?'],
  ] as const) {
    assert.deepEqual(configure(argv), { kind: 'problem', problem });
  }
});
