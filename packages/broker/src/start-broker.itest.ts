import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createTopic, fetchRequest, produceRequest } from './api/broker-harness.ts';
import { WireClient } from './server/wire-client.ts';
import { startBrokerThread } from './start-broker-thread.ts';
import { startBroker } from './start-broker.ts';
import { testBatch } from './storage/log-harness.ts';
import { fetch, produce } from './wire/messages/index.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'broker-start-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

for (const [name, start] of Object.entries({ startBroker, startBrokerThread })) {
  describe(name, () => {
    test('keeps what was written over a stop and a start', async (context) => {
      const dataDir = temporaryFolder(context);
      const first = await start({ dataDir });
      const writer = await WireClient.connect(first.port);
      await createTopic(writer, { name: 't' });
      await writer.call(produce, 9, produceRequest('t', testBatch({ fill: 7 })));
      await first.close();
      const second = await start({ dataDir });
      context.after(() => second.close());
      assert.equal(second.clusterId, first.clusterId);
      const reader = await WireClient.connect(second.port);
      const answer = await reader.call(fetch, 12, fetchRequest(['t']));
      assert.equal(answer.responses[0]?.partitions[0]?.records?.[61], 7);
      reader.close();
    });

    test('tells Prometheus what it has done and what it holds', async (context) => {
      const broker = await start();
      const client = await WireClient.connect(broker.port);
      await createTopic(client, { name: 't', partitions: 3 });
      const batch = testBatch();
      for (const _ of [1, 2]) await client.call(produce, 9, produceRequest('t', batch));
      const [text] = await Promise.all([broker.metrics(), broker.metrics()]);
      for (const line of [
        'chatcluster_broker_requests_total{api="Produce"} 2',
        'chatcluster_broker_requests_total{api="CreateTopics"} 1',
        'chatcluster_broker_connections 1',
        'chatcluster_broker_topics 1',
        'chatcluster_broker_partitions 3',
        'chatcluster_broker_partitions_stopped 0',
        `chatcluster_broker_log_bytes ${2 * batch.byteLength}`,
        'chatcluster_broker_commit_log{state="open"} 1',
        'chatcluster_broker_commit_log{state="failed"} 0',
      ]) {
        assert.ok(text.includes(`\n${line}\n`), `${line}\n${text}`);
      }
      assert.match(text, /^chatcluster_broker_request_bytes_total\{api="Produce"\} [1-9]\d+$/m);
      assert.match(text, /^chatcluster_broker_response_bytes_total\{api="Produce"\} [1-9]\d+$/m);
      client.close();
      context.after(() => broker.close());
    });

    test('refuses a data folder that another broker has', async (context) => {
      const dataDir = temporaryFolder(context);
      const broker = await start({ dataDir });
      context.after(() => broker.close());
      await assert.rejects(start({ dataDir }), {
        name: 'BrokerStartError',
        code: 'FOLDER_IN_USE',
        message: new RegExp(
          `^The data folder ${dataDir} is in use by process ${process.pid}; stop`,
        ),
      });
    });

    test('refuses a port that is taken, and leaves the data folder free', async (context) => {
      const dataDir = temporaryFolder(context);
      const other = await start();
      context.after(() => other.close());
      const listeners = [{ host: '127.0.0.1', port: other.port }];
      await assert.rejects(start({ dataDir, listeners }), {
        code: 'PORT_TAKEN',
        message: `Port ${other.port} on 127.0.0.1 is taken by another program; stop that program, or choose another port.`,
      });
      const broker = await start({ dataDir });
      await broker.close();
      assert.equal(existsSync(join(dataDir, 'lock')), false);
    });

    test('refuses to serve everybody on the network, unless told to', async () => {
      const listener = { host: '0.0.0.0', port: 0 };
      await assert.rejects(start({ listeners: [listener] }), {
        name: 'BrokerStartError',
        code: 'NO_AUTHENTICATION',
        message:
          /^0\.0\.0\.0 can be reached from other machines, .*allow it \(allowUnauthenticated\)\.$/,
      });
      const broker = await start({ listeners: [{ ...listener, allowUnauthenticated: true }] });
      await broker.close();
    });

    test('can be closed twice', async () => {
      const broker = await start();
      await Promise.all([broker.close(), broker.close()]);
    });
  });
}

describe('a data folder', () => {
  test('of a newer format is refused', async (context) => {
    const dataDir = temporaryFolder(context);
    await (await startBroker({ dataDir })).close();
    const file = join(dataDir, 'format.json');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('"formatVersion":2', '"formatVersion":3'),
    );
    await assert.rejects(startBroker({ dataDir }), {
      code: 'FORMAT_TOO_NEW',
      message: /has format version 3 and this program reads up to 2; use a newer version/,
    });
  });

  test('of an older format is of the present one from then on', async (context) => {
    const dataDir = temporaryFolder(context);
    const first = await startBroker({ dataDir });
    await first.close();
    const file = join(dataDir, 'format.json');
    const present = readFileSync(file, 'utf8');
    writeFileSync(file, present.replace('"formatVersion":2', '"formatVersion":1'));
    const broker = await startBroker({ dataDir });
    assert.equal(broker.clusterId, first.clusterId);
    assert.equal(readFileSync(file, 'utf8'), present);
    await broker.close();
  });

  test('that is no folder, or holds something else, is refused', async (context) => {
    const folder = temporaryFolder(context);
    writeFileSync(join(folder, 'file'), 'no folder');
    const unreadable = {
      code: 'FOLDER_UNREADABLE',
      message: /cannot be used: .*Check its permissions/,
    };
    await assert.rejects(startBroker({ dataDir: join(folder, 'file') }), unreadable);
    writeFileSync(join(folder, 'format.json'), '{"another":"program"}');
    await assert.rejects(startBroker({ dataDir: folder }), unreadable);
  });

  test('whose process died is taken over, also when another process has its number now', async (context) => {
    const dataDir = temporaryFolder(context);
    const { pid } = spawnSync(process.execPath, ['--version']);
    const locks = [{ pid, startTime: null }, { pid: process.pid, startTime: 'another' }, 'cut off'];
    for (const lock of locks) {
      const text = typeof lock === 'string' ? lock : JSON.stringify(lock);
      writeFileSync(join(dataDir, 'lock'), text);
      await (await startBroker({ dataDir })).close();
    }
  });

  test('whose process has ended is taken over, also before its parent has asked how', async (context) => {
    const dataDir = temporaryFolder(context);
    // The shell becomes a program that asks after none of its children.
    const script = 'sleep 60 & echo $!; exec sleep 60';
    const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    context.after(() => parent.kill());
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(printed.toString());
    const facts = (of: number): string[] => readFileSync(`/proc/${of}/stat`, 'utf8').split(' ');
    while (facts(parent.pid ?? 0)[1] !== '(sleep)') await setImmediate();
    process.kill(pid, 'SIGKILL');
    while (facts(pid)[2] !== 'Z') await setImmediate();
    writeFileSync(join(dataDir, 'lock'), JSON.stringify({ pid, startTime: facts(pid)[21] }));
    const broker = await startBroker({ dataDir });
    await broker.close();
  });

  test('that is damaged is refused with a sentence that says where', async (context) => {
    const dataDir = temporaryFolder(context);
    await (await startBroker({ dataDir })).close();
    writeFileSync(join(dataDir, 'checkpoint'), 'xxxxxxxx\n{}');
    await assert.rejects(startBroker({ dataDir }), {
      code: 'DAMAGED',
      message: /checkpoint is damaged; restore/,
    });
  });
});

test('several listeners each tell their own address', async (context) => {
  const listener = { host: '127.0.0.1', port: 0 };
  const broker = await startBroker({ listeners: [listener, listener] });
  context.after(() => broker.close());
  assert.equal(new Set(broker.ports).size, 2);
  assert.equal(broker.port, broker.ports[0]);
});
