import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import { within } from '../crash/within.ts';
import { childProcesses, isRunning } from './child-processes.ts';
import { NodeProgram } from './node-program.ts';

const PARTITION_COUNT = 12;
const WAIT_MS = 60_000;

type Shards = { regions: { shardId: string; phase: string; worker: string }[] };
type Readiness = { ready: boolean; troubles: string[] };

describe('a node with two workers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'worker-processes-'));
  let broker: Broker;
  let node: NodeProgram;

  before(async () => {
    broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
  });
  after(async () => {
    await node.program[Symbol.asyncDispose]();
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  const start = (): Promise<NodeProgram> =>
    NodeProgram.start({
      kafkaPort: broker.port,
      journalDir: join(dir, 'journal'),
      args: ['--workers', '2'],
    });

  /** All shards run, half of them on each worker. */
  const untilSpread = (): Promise<void> =>
    within(WAIT_MS, async () => {
      const shards = (await node.ask('/cluster/shards/conversation?detail')) as Shards;
      const running = shards.regions.filter(({ phase }) => phase === 'running');
      const workers = new Set(running.map(({ worker }) => worker));
      return running.length === PARTITION_COUNT && workers.size === 2
        ? undefined
        : `Both workers have shards: ${JSON.stringify(shards)}`;
    });

  it('runs each in a process of its own, and shows all of them on one port', async () => {
    node = await start();
    await untilSpread();
    assert.equal(childProcesses(node.program.pid).length, 2);
    assert.deepEqual(await node.ask('/ready'), { ready: true, troubles: [] });
    const metrics = await fetch(`http://127.0.0.1:${node.managementPort}/metrics`);
    const workers = (await metrics.text()).matchAll(
      /^chatcluster_backlog_bytes\{worker="(.*)"\}/gm,
    );
    assert.equal(new Set([...workers].map(([, name]) => name)).size, 2);
  });

  it('says that one died, and starts it again', async () => {
    const [killed = 0, other] = childProcesses(node.program.pid);
    process.kill(killed, 'SIGKILL');
    await within(WAIT_MS, async () => {
      const { ready, troubles } = (await node.ask('/ready')) as Readiness;
      const isTold = !ready && troubles.some((each) => each.includes('ended by SIGKILL'));
      return isTold ? undefined : `It is told that a worker died: ${JSON.stringify(troubles)}`;
    });
    await within(WAIT_MS, async () => {
      const { ready, troubles } = (await node.ask('/ready')) as Readiness;
      return ready ? undefined : `It is started again: ${JSON.stringify(troubles)}`;
    });
    const children = childProcesses(node.program.pid);
    assert.equal(children.length, 2);
    assert.ok(children.includes(other ?? 0), 'The other one goes on.');
    await untilSpread();
    assert.match(node.program.stdout, /is started again in 1 s\. Its process ended by SIGKILL\./);
  });

  it('leaves nothing when it is stopped', async () => {
    const children = childProcesses(node.program.pid);
    assert.deepEqual(await node.program.stop(), { code: 0, signal: null });
    assert.deepEqual(children.filter(isRunning), []);
    assert.doesNotMatch(node.program.stdout, /"level":60/);
  });

  it('leaves nothing when it is killed', async () => {
    node = await start();
    await untilSpread();
    const children = childProcesses(node.program.pid);
    assert.equal(children.length, 2);
    await node.program.kill();
    await within(WAIT_MS, async () => {
      const left = children.filter(isRunning);
      return left.length === 0 ? undefined : `No process is left: ${left.join(', ')}.`;
    });
  });
});

it('what keeps a worker from starting is said by its node, which then ends', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'worker-refusal-'));
  const journalDir = join(dir, 'journal');
  const first = await startBrokerThread({ dataDir: join(dir, 'first') });
  const node = await NodeProgram.start({ kafkaPort: first.port, journalDir });
  await node.program.stop();
  await first.close();
  // The journal knows 12 partitions by now.
  const second = await startBrokerThread({ dataDir: join(dir, 'second') });
  const args = ['--workers', '2', '--partitions', '6'];
  await assert.rejects(
    NodeProgram.start({ kafkaPort: second.port, journalDir, args }),
    /"level":60.*Worker 127\.0\.0\.1:0 could not start: .*12/,
  );
  await second.close();
  rmSync(dir, { recursive: true });
});
