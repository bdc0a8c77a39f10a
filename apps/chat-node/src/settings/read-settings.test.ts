import assert from 'node:assert/strict';
import { test } from 'node:test';
import { optionLines } from './option-lines.ts';
import { optionsOf, readGiven, readSettings } from './read-settings.ts';
import { flagSetting, numberSetting, portSetting, textSetting } from './setting.ts';

const settings = {
  'http-port': portSetting({ description: 'for browsers', default: '8080' }),
  workers: numberSetting({ min: 1, max: 8 }, { description: 'how many', default: '1' }),
  'data-dir': textSetting({ value: 'DIR', description: 'where', mustBe: 'a folder' }),
};

const files: Readonly<Record<string, string>> = {
  'all.json': '{"http-port":3,"workers":"3","data-dir":"from file"}',
  'unknown.json': '{"http-prot":3}',
  'list.json': '[]',
  'nested.json': '{"workers":{"count":3}}',
  'broken.json': '{"workers":',
  'unquoted.json': '{"workers": secret}',
  'comma.json': '{"workers":"s" "secret"}',
};

function read(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw new Error('ENOENT: no such file');
    return text;
  };
  return readSettings(settings, { argv, env, readFile });
}

function valuesOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const result = read(argv, env);
  assert.ok(result.kind === 'settings', result.kind === 'problem' ? result.problem : '');
  return result.values;
}

function problemOf(argv: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const result = read(argv, env);
  assert.ok(result.kind === 'problem');
  return result.problem;
}

test('what nobody sets has its default', () => {
  assert.deepEqual(valuesOf(['--data-dir', 'd']), {
    'http-port': 8080,
    workers: 1,
    'data-dir': 'd',
  });
});

test('an argument counts before the environment, the environment before the file', () => {
  const env = { CHATCLUSTER_HTTP_PORT: '2', CHATCLUSTER_WORKERS: '2', PATH: '/bin' };
  assert.deepEqual(valuesOf(['--config', 'all.json', '--http-port', '1'], env), {
    'http-port': 1,
    workers: 2,
    'data-dir': 'from file',
  });
  assert.deepEqual(valuesOf([], { ...env, CHATCLUSTER_CONFIG: 'all.json' })['http-port'], 2);
  assert.equal(valuesOf(['--data-dir', 'a', '--data-dir', 'b'])['data-dir'], 'b');
});

test('an empty variable is as good as none', () => {
  const env = { CHATCLUSTER_HTTP_PORT: '', CHATCLUSTER_CONFIG: '' };
  assert.equal(valuesOf(['--data-dir', 'd'], env)['http-port'], 8080);
});

test('unknown settings are refused by name, wherever they are', () => {
  assert.equal(
    problemOf(['--http-prot', '1']),
    'There is no option --http-prot; did you mean --http-port?',
  );
  assert.equal(
    problemOf([], { CHATCLUSTER_HTTP_PROT: '1' }),
    'There is no setting CHATCLUSTER_HTTP_PROT for the environment; did you mean CHATCLUSTER_HTTP_PORT?',
  );
  assert.equal(
    problemOf(['--config', 'unknown.json']),
    'There is no setting "http-prot", which is in unknown.json; did you mean http-port?',
  );
  assert.equal(
    problemOf(['8080']),
    '"8080" is no setting: settings are written as --name value, see --help.',
  );
});

test('an exported secret is passed over by a program without use for one', () => {
  const env = {
    CHATCLUSTER_SECRET: 's',
    CHATCLUSTER_MANAGEMENT_TOKEN: 't',
    CHATCLUSTER_CASSANDRA_PASSWORD: 'p',
  };
  assert.equal(valuesOf(['--data-dir', 'd'], env)['http-port'], 8080);
});

test('a value that is none is refused with where it is and what it must be', () => {
  const port = 'it must be a port from 0 (any that is free) to 65535.';
  for (const text of ['x', '65536', '-1', '1.5', '0x10', ' 1', '1e3']) {
    assert.equal(problemOf([`--http-port=${text}`]), `--http-port is "${text}"; ${port}`);
  }
  assert.equal(
    problemOf([], { CHATCLUSTER_HTTP_PORT: 'x' }),
    `CHATCLUSTER_HTTP_PORT is "x"; ${port}`,
  );
  for (const [file, sentence] of [
    ['list.json', 'The configuration file list.json must hold one JSON object.'],
    [
      'nested.json',
      '"workers" in nested.json is not a text or number; it must be a whole number from 1 to 8.',
    ],
    ['none.json', 'The configuration file none.json cannot be read: ENOENT: no such file.'],
  ] as const) {
    assert.equal(problemOf(['--config', file]), sentence);
  }
});

test('of a file that is no JSON is told where it is none, and nothing of what it holds', () => {
  for (const [file, why] of [
    ['broken.json', 'it is no JSON'],
    ['unquoted.json', 'it is no JSON'],
    ['comma.json', 'it is no JSON (line 1 column 16)'],
  ] as const) {
    assert.equal(
      problemOf(['--config', file]),
      `The configuration file ${file} cannot be read: ${why}.`,
    );
  }
});

test('a command reads some settings beside its own options, and passes others over', () => {
  const readOf = (given: Readonly<Record<string, string>>, env = {}) =>
    readGiven(settings, (name) => given[name], env);
  const env = { CHATCLUSTER_WORKERS: '2', CHATCLUSTER_DATA_DIR: 'from env', CHATCLUSTER_X: '1' };
  assert.deepEqual(readOf({ 'data-dir': 'given' }, env), {
    kind: 'settings',
    values: { 'http-port': 8080, workers: 2, 'data-dir': 'given' },
  });
  assert.deepEqual(readOf({}), {
    kind: 'problem',
    problem: '--data-dir is missing; it must be a folder.',
  });
});

test('a setting that must be set is asked for', () => {
  assert.equal(problemOf([]), '--data-dir is missing; it must be a folder.');
});

test('help is asked for before anything else is looked at', () => {
  assert.equal(read(['--help'], { CHATCLUSTER_X: '1' }).kind, 'help');
  assert.equal(read(['-h']).kind, 'help');
  assert.equal(
    optionLines(optionsOf(settings)).split('\n').slice(0, 3).join('\n'),
    [
      '  --http-port N   for browsers (8080)',
      '  --workers N     how many (1)',
      '  --data-dir DIR  where',
    ].join('\n'),
  );
});

const calledWith = {
  'node-port': portSetting({ description: 'for nodes', default: '1' }),
  'front-end-port': portSetting({ description: 'for all', default: '2' }),
  quiet: flagSetting({ description: 'says less' }),
  brokers: {
    ...textSetting({ value: 'X', description: 'where', mustBe: 'text', default: 'here' }),
    variable: 'KAFKA_BROKERS',
  },
};

function readCalled(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const sources = { argv, env, readFile: () => '{"quiet":"yes"}' };
  return readSettings(calledWith, sources, { operands: ['node-port', 'front-end-port'] });
}

test('what a program is called with by place is the setting of that place', () => {
  const values = { 'node-port': 7, 'front-end-port': 8, quiet: true, brokers: 'here' };
  assert.deepEqual(readCalled(['7', '--quiet', '8']), { kind: 'settings', values });
  assert.deepEqual(readCalled(['7', '--front-end-port', '8', '--config', 'f']), {
    kind: 'settings',
    values,
  });
  assert.deepEqual(readCalled(['7', 'x']), {
    kind: 'problem',
    problem: 'FRONT_END_PORT is "x"; it must be a port from 0 (any that is free) to 65535.',
  });
  assert.deepEqual(readCalled(['7', '8', '9']), {
    kind: 'problem',
    problem: '"9" is no setting: settings are written as --name value, see --help.',
  });
});

test('a variable that other programs know counts after our own', () => {
  const brokersOf = (env: Readonly<Record<string, string>>) => {
    const called = readCalled([], env);
    return called.kind === 'settings' ? called.values.brokers : called;
  };
  assert.equal(brokersOf({ KAFKA_BROKERS: 'there' }), 'there');
  assert.equal(brokersOf({ KAFKA_BROKERS: '' }), 'here');
  assert.equal(brokersOf({ KAFKA_BROKERS: 'there', CHATCLUSTER_BROKERS: 'ours' }), 'ours');
});

test('a setting that is given or not takes no value, and in a file it is yes or no', () => {
  assert.deepEqual(readCalled(['--quiet=no']), {
    kind: 'problem',
    problem: 'Option --quiet takes no value.',
  });
  assert.deepEqual(readCalled([], { CHATCLUSTER_QUIET: '1' }), {
    kind: 'problem',
    problem: 'CHATCLUSTER_QUIET is "1"; it must be yes or no.',
  });
  assert.match(optionLines(optionsOf(calledWith)), /--quiet +says less\n/);
});
