import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLocalConfiguration } from './configuration.ts';

function configure(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const readFile = (): string => '{"data-dir":"from file","kafka-port":19092}';
  return readLocalConfiguration({ argv, env, readFile });
}

const defaults = {
  dataDir: './data',
  kafkaPort: 9092,
  httpPort: 8080,
  managementPort: 8551,
  partitionCount: 12,
};

test('nothing needs to be told', () => {
  assert.deepEqual(configure([]), { kind: 'settings', settings: defaults });
});

test('everything can be told, in three places', () => {
  const env = { CHATCLUSTER_DATA_DIR: 'from env', CHATCLUSTER_PARTITIONS: '3' };
  const argv = ['--config', 'f.json', '--http-port', '0', '--management-port=0'];
  assert.deepEqual(configure(argv, env), {
    kind: 'settings',
    settings: {
      dataDir: 'from env',
      kafkaPort: 19_092,
      httpPort: 0,
      managementPort: 0,
      partitionCount: 3,
    },
  });
});

test('what cannot be is said in one sentence', () => {
  for (const [argv, problem] of [
    [['--kafka-prot', '1'], 'There is no option --kafka-prot; did you mean --kafka-port?'],
    [
      ['--http-port', '9092'],
      '--kafka-port and --http-port are both 9092; choose another one for one of them.',
    ],
    [['--partitions', '0'], '--partitions is "0"; it must be a whole number from 1 to 1000.'],
    [['--data-dir='], '--data-dir is ""; it must be a folder.'],
  ] as const) {
    assert.deepEqual(configure(argv), { kind: 'problem', problem });
  }
  assert.deepEqual(configure([], { CHATCLUSTER_BROKERS: 'x:1' }), {
    kind: 'problem',
    problem: 'There is no setting CHATCLUSTER_BROKERS for the environment.',
  });
});

test('help names every setting', () => {
  const configuration = configure(['--help']);
  assert.ok(configuration.kind === 'help');
  assert.equal(
    configuration.text,
    [
      '  --data-dir DIR       where everything is kept (./data)',
      '  --kafka-port N       for Kafka clients (9092)',
      '  --http-port N        for browsers (8080)',
      '  --management-port N  for operators and probes (8551)',
      '  --partitions N       of topics that are created (12)',
      '  --config FILE        a JSON file with settings, by their names without dashes: {"http-port": 8080}',
      '  -h, --help           this help',
      '',
    ].join('\n'),
  );
});
