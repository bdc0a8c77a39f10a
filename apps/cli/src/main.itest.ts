import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const script = join(import.meta.dirname, 'main.js');

/** As if the shell had an old Node: the file hands over to the one that is installed. */
const AS_OLD_NODE = [
  '--import',
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})',
];

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

function run(args: readonly string[], nodeOptions: readonly string[] = []): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeOptions, script, ...args]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

for (const [which, nodeOptions] of [
  ['the installed Node', []],
  ['an old Node', AS_OLD_NODE],
] as const) {
  test(`under ${which} it prints, notes, and tells the shell how it went`, async () => {
    const help = await run(['--help'], nodeOptions);
    assert.deepEqual([help.code, help.err], [0, '']);
    assert.match(help.out, /^chatcluster COMMAND/);
    assert.deepEqual(await run(['chat', 'sned'], nodeOptions), {
      code: 2,
      out: '',
      err: 'There is no chat sned: chatcluster chat send, latest, tail.\n',
    });
  });
}

test('where nothing listens it says so in one sentence, exit code 1', async () => {
  const { code, out, err } = await run(['chat', 'latest', 'abc', '--brokers', '127.0.0.1:1']);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /^No answer from Kafka at 127\.0\.0\.1:1: start Chat Cluster .*\n$/);
});

test('a reader that has enough ends it quietly', async () => {
  const child = spawn(process.execPath, [script, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise((resolve) => {
    child.on('close', resolve);
  });
  assert.deepEqual([code, err], [0, '']);
});

test('an empty journal is dumped as nothing', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'chatcluster-'));
  try {
    const dumped = await run(['journal', 'dump', '--journal', `lmdb:${dir}`]);
    assert.deepEqual(dumped, { code: 0, out: '', err: '' });
  } finally {
    rmSync(dir, { recursive: true });
  }
});
