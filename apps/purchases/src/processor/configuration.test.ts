import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClientConfiguration } from '../client/configuration.ts';
import { readProducerConfiguration } from '../producer/configuration.ts';
import { readProcessorConfiguration } from './configuration.ts';

const readFile = (): string => '{}';

test('three ports are all that a processor is told, and they may be left out', () => {
  const configuration = (...argv: string[]) =>
    readProcessorConfiguration({ argv, env: {}, readFile });
  const settings = {
    brokers: [{ host: '127.0.0.1', port: 9092 }],
    journal: { kind: 'lmdb', dir: './data/journal' },
    endpoint: { host: '127.0.0.1', port: 2552, secret: undefined, tls: undefined },
    access: {
      secret: undefined,
      tls: undefined,
      management: { host: '127.0.0.1', port: 8552, token: undefined },
    },
    frontEnd: { host: '127.0.0.1', port: 8082 },
    workerCount: 1,
    partitionCount: 128,
    replicationFactor: undefined,
    groupId: 'user-processing',
    isQuiet: false,
  };
  assert.deepEqual(configuration('2552', '8552', '8082'), { kind: 'settings', settings });
  const alone = configuration();
  assert.ok(alone.kind === 'settings');
  const { endpoint, access, frontEnd } = alone.settings;
  assert.deepEqual([endpoint.port, access.management.port, frontEnd.port], [2551, 8551, 8081]);
  assert.deepEqual(configuration('2551', '2551'), {
    kind: 'problem',
    problem: '--node-port and --management-port are both 2551; choose another one for one of them.',
  });
  const problemOf = (...argv: string[]) => {
    const read = configuration(...argv);
    return read.kind === 'problem' ? read.problem : read.kind;
  };
  assert.match(
    problemOf('8548', '--workers', '3'),
    /^--management-port is 8551, and other nodes use 8548 to 8551 \(--node-port\)/,
  );
  assert.match(
    problemOf('65534', '--workers', '2'),
    /^--node-port has port 65534, and there are no 2 ports after it for the workers/,
  );
});

test('a front end is on loopback, or where it is told to be: that alone lets other machines ask', () => {
  const frontEnd = (argv: readonly string[], env: Record<string, string>) => {
    const configuration = readProcessorConfiguration({ argv, env, readFile });
    assert.ok(configuration.kind === 'settings');
    return configuration.settings.frontEnd;
  };
  assert.deepEqual(frontEnd([], {}), { host: '127.0.0.1', port: 8081 });
  const env = { CHATCLUSTER_FRONT_END_HOST: '10.0.0.1' };
  assert.deepEqual(frontEnd([], env), { host: '10.0.0.1', port: 8081 });
  const given = ['--front-end-host', '0.0.0.0', '--front-end-port', '9000'];
  assert.deepEqual(frontEnd(given, env), { host: '0.0.0.0', port: 9000 });
});

test('the brokers come from KAFKA_BROKERS too', () => {
  const env = { KAFKA_BROKERS: 'kafka:9093' };
  for (const read of [readProcessorConfiguration, readProducerConfiguration]) {
    const configuration = read({ argv: ['--quiet'], env, readFile });
    assert.ok(configuration.kind === 'settings');
    assert.deepEqual(configuration.settings.brokers, [{ host: 'kafka', port: 9093 }]);
    assert.equal(configuration.settings.isQuiet, true);
  }
});

test('a producer sends ten a second without an end, unless it is told', () => {
  const read = (...argv: string[]) => {
    const configuration = readProducerConfiguration({ argv, env: {}, readFile });
    assert.ok(configuration.kind === 'settings');
    return [configuration.settings.rate, configuration.settings.count];
  };
  assert.deepEqual(read(), [10, undefined]);
  assert.deepEqual(read('--rate', '500', '--count', '20'), [500, 20]);
});

test('a client asks the first processor of this machine, unless it is told', () => {
  const read = (...argv: string[]) => readClientConfiguration({ argv, env: {}, readFile });
  assert.deepEqual(read(), { kind: 'settings', settings: { host: '127.0.0.1', port: 8081 } });
  assert.deepEqual(read('--port', '8082'), {
    kind: 'settings',
    settings: { host: '127.0.0.1', port: 8082 },
  });
});
