import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { assertAddressFree } from './addresses.ts';
import { cassandraAnswers } from './cassandra-probe.ts';
import { findJava } from './java.ts';
import { kafkaBrokerCount } from './kafka-probe.ts';
import { findGroup, jarsDirDefault, startServices } from './start-services.ts';
import type { Services } from './start-services.ts';

const run = promisify(execFile);

const KAFKA = { host: '127.0.0.1', port: 19_020 };
const CASSANDRA = { host: '127.0.0.1', port: 19_120 };

describe('real Kafka and Cassandra, one node each', { timeout: 300_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'services-'));
  const options = { dir, kafkaPort: KAFKA.port, cassandraPort: CASSANDRA.port };
  let services: Services;

  before(async () => {
    services = await startServices(options);
  });
  after(async () => {
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  it('tell clients where they are', () => {
    assert.equal(services.kafkaBootstrap, '127.0.0.1:19020');
    assert.deepEqual(services.cassandraContactPoints, ['127.0.0.1']);
    assert.equal(services.cassandraPort, 19_120);
  });

  it('carry a record from one kcat to another', async () => {
    await createTopic('greetings');
    await produce('greetings', 'ann:hello');
    assert.equal(await consume('greetings'), 'ann:hello\n');
  });

  it('are left as they are when started again', async () => {
    const pids = [...services.kafkaPids(), ...services.cassandraPids()];
    const again = await startServices({ ...options, keepRunning: true });
    assert.deepEqual([...again.kafkaPids(), ...again.cassandraPids()], pids);
    assert.equal(
      pids.every((pid) => pid !== undefined),
      true,
    );
  });

  it('refuse to be started afresh while they run', async () => {
    await assert.rejects(startServices({ ...options, fresh: true }), { code: 'busy' });
    assert.equal(await kafkaBrokerCount(KAFKA), 1);
  });

  it('keep records over a kill -9', async () => {
    await services.killKafka(0);
    assert.equal(await kafkaBrokerCount(KAFKA), 0);
    await services.restartKafka(0);
    assert.equal(await consume('greetings'), 'ann:hello\n');
  });

  it('answer nothing while paused, and again when resumed', async () => {
    services.pauseCassandra(0);
    assert.equal(await cassandraAnswers(CASSANDRA, 'this-node'), false);
    services.resumeCassandra(0);
    assert.equal(await cassandraAnswers(CASSANDRA, 'this-node'), true);
  });

  it('come back after a kill -9 of Cassandra', async () => {
    await services.killCassandra(0);
    assert.deepEqual(services.cassandraPids(), [undefined]);
    await services.restartCassandra(0);
    assert.equal(await cassandraAnswers(CASSANDRA, 'this-node'), true);
  });

  it('leave nothing running when stopped, and their ports free', async () => {
    await services.stop();
    assert.equal(findGroup({ dir, kind: 'kafka' })?.isAnyRunning(), false);
    assert.equal(findGroup({ dir, kind: 'cassandra' })?.isAnyRunning(), false);
    for (const { host, port } of [KAFKA, CASSANDRA]) {
      await assertAddressFree({ host, port }, 'this test');
      await assertAddressFree({ host, port: port + 1 }, 'this test');
    }
  });
});

async function createTopic(topic: string): Promise<void> {
  const tool = ['-cp', join(jarsDirDefault, 'kafka', '*'), 'org.apache.kafka.tools.TopicCommand'];
  const bootstrap = ['--bootstrap-server', `${KAFKA.host}:${KAFKA.port}`];
  await run(await findJava(), [...tool, ...bootstrap, '--create', '--topic', topic]);
}

async function produce(topic: string, keyAndValue: string): Promise<void> {
  const args = ['-P', '-b', `${KAFKA.host}:${KAFKA.port}`, '-t', topic, '-K', ':'];
  const kcat = spawn('kcat', args, { stdio: ['pipe', 'inherit', 'inherit'] });
  kcat.stdin.end(`${keyAndValue}\n`);
  const exit = Promise.withResolvers<number | null>();
  kcat.on('error', exit.reject);
  kcat.on('exit', exit.resolve);
  assert.equal(await exit.promise, 0);
}

async function consume(topic: string): Promise<string> {
  const args = ['-C', '-b', `${KAFKA.host}:${KAFKA.port}`, '-t', topic, '-e', '-q', '-K', ':'];
  return (await run('kcat', args)).stdout;
}
