import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { startBroker, type Broker } from '@chat-cluster/broker';
import { startServices, type Services } from '../../tools/services/start-services.ts';
import { awaitCoordinators, createTopic } from './coordinators.ts';

const KAFKA_PORT = 19_880;
const PYTHON = join(import.meta.dirname, '../../.venv/bin/python');
const SCRIPT = join(import.meta.dirname, 'confluent_clients.py');
const run = promisify(execFile);

describe('clients on librdkafka', { timeout: 300_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'librdkafka-'));
  let services: Services;
  let broker: Broker;

  before(async () => {
    services = await startServices({ dir, cassandra: 0, kafkaPort: KAFKA_PORT });
    broker = await startBroker({ dataDir: join(dir, 'broker') });
    await awaitCoordinators(KAFKA_PORT);
  });
  after(async () => {
    await broker.close();
    await services.stop();
    rmSync(dir, { recursive: true });
  });

  test('confluent-kafka sees the same of groups and transactions as on real Kafka', async () => {
    const [ours, theirs] = await Promise.all(
      [broker.port, KAFKA_PORT].map(async (port) => {
        const { stdout } = await run(PYTHON, [SCRIPT, `127.0.0.1:${port}`, 'run']);
        return JSON.parse(stdout) as unknown;
      }),
    );
    assert.deepEqual(ours, theirs);
  });

  test('two kcat of one group share a topic; the one that is left has all of it', async () => {
    const topic = 'kcat';
    await createTopic(broker.port, topic, 4);
    const [one, two] = [kcatIn('group', topic), kcatIn('group', topic)];
    await until(() => one.assigned() === 2 && two.assigned() === 2);
    await produce(topic, ['a', 'b', 'c', 'd']);
    await until(() => one.values.length + two.values.length === 4);
    assert.deepEqual([...one.values, ...two.values].toSorted(), ['a', 'b', 'c', 'd']);
    await two.stop();
    await until(() => one.assigned() === 4);
    await produce(topic, ['e', 'f', 'g', 'h']);
    await until(() => ['e', 'f', 'g', 'h'].every((value) => one.values.includes(value)));
    await one.stop();
  });

  /** `kcat -G`, with what it printed: values on its output, assignments on its errors. */
  function kcatIn(group: string, topic: string) {
    const address = `127.0.0.1:${broker.port}`;
    const args = ['-b', address, '-X', 'auto.offset.reset=earliest', '-u', '-G', group, topic];
    const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [output, errors] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    return {
      get values(): string[] {
        return output.split('\n').filter((line) => line !== '');
      },
      assigned(): number {
        const last = errors.split('\n').findLast((line) => line.includes('assigned:'));
        return last?.match(/\[\d+\]/g)?.length ?? 0;
      },
      async stop(): Promise<void> {
        child.kill('SIGTERM');
        await once(child, 'exit');
      },
    };
  }

  /** One value to each partition. */
  async function produce(topic: string, values: readonly string[]): Promise<void> {
    for (const [partition, value] of values.entries()) {
      const args = ['-b', `127.0.0.1:${broker.port}`, '-P', '-t', topic, '-p', String(partition)];
      const kcat = run('kcat', args);
      kcat.child.stdin?.end(value);
      await kcat;
    }
  }
});

async function until(condition: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`it did not come to pass: ${condition.toString()}`);
}
