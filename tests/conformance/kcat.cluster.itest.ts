import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';

const RECORDS = 2000;
const TIMEOUT_MS = 60_000;

describe('kcat', { timeout: TIMEOUT_MS }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'broker-kcat-'));
  let broker: Broker;
  before(async () => {
    broker = await startBrokerThread({ dataDir, limits: { partitionsDefault: 4 } });
  });
  after(async () => {
    await broker.close();
    rmSync(dataDir, { recursive: true });
  });

  const kcat = (args: readonly string[], input = '') =>
    run('kcat', ['-b', `127.0.0.1:${broker.port}`, ...args], input);
  const lines = Array.from({ length: RECORDS }, (_, index) => `key-${index % 97}:value ${index}`);

  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`reads what it wrote, compressed with ${codec}, per key in order`, async () => {
      const topic = `codec-${codec}`;
      await kcat(['-P', '-t', topic, '-K:', '-z', codec], lines.join('\n'));
      const output = await kcat(['-C', '-t', topic, '-e', '-q', '-f', '%p %k:%s\n']);
      const read = output.split('\n').slice(0, -1);
      assert.equal(read.length, RECORDS);
      const withoutPartition = read.map((line) => line.slice(line.indexOf(' ') + 1));
      for (let key = 0; key < 97; key++) {
        const isOfKey = (line: string): boolean => line.startsWith(`key-${key}:`);
        assert.deepEqual(withoutPartition.filter(isOfKey), lines.filter(isOfKey));
      }
    });
  }

  test('an idempotent producer is accepted', async () => {
    const idempotent = ['-X', 'enable.idempotence=true'];
    await kcat(['-P', '-t', 'idempotent', '-K:', ...idempotent], lines.join('\n'));
    const output = await kcat(['-C', '-t', 'idempotent', '-e', '-q']);
    assert.equal(output.split('\n').length - 1, RECORDS);
  });

  test('lists the broker, the topics and their partitions', async () => {
    await kcat(['-P', '-t', 'listed', '-p', '0'], 'one');
    const output = await kcat(['-L', '-t', 'listed']);
    assert.match(output, /broker 1 at 127\.0\.0\.1:\d+ \(controller\)/);
    assert.match(output, /topic "listed" with 4 partitions/);
    assert.match(output, /partition 3, leader 1, replicas: 1, isrs: 1/);
  });

  test('finds offsets by time, from the start and from the end', async () => {
    await kcat(['-P', '-t', 'times', '-p', '0', '-K:'], 'a:1');
    const betweenMs = Date.now() + 1;
    await new Promise((resolve) => setTimeout(resolve, 10));
    await kcat(['-P', '-t', 'times', '-p', '0', '-K:'], 'b:2\nc:3');
    assert.match(await kcat(['-Q', '-t', `times:0:${betweenMs}`]), /times \[0\] offset 1/);
    assert.match(await kcat(['-Q', '-t', 'times:0:-1']), /offset 3/);
    assert.match(await kcat(['-Q', '-t', 'times:0:-2']), /offset 0/);
    const last = await kcat(['-C', '-t', 'times', '-p', '0', '-o', '-1', '-e', '-q', '-f', '%s']);
    assert.equal(last, '3');
  });
});

function run(command: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { timeout: TIMEOUT_MS });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${complaints}`));
    });
    child.stdin.end(input);
  });
}
