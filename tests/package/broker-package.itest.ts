import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const tsc = join(root, 'node_modules/.bin/tsc');

/** Uses what the package exports as a program in TypeScript would, with every check of its declarations. */
const typed = `
import { type Broker, BrokerStartError, startBroker, startBrokerThread } from '@chat-cluster/broker';

export async function start(dataDir: string): Promise<Broker> {
  try {
    const listeners = [{ host: '127.0.0.1', port: 0 }];
    return await startBrokerThread({ dataDir, listeners, limits: { partitionsDefault: 4 } });
  } catch (error) {
    if (error instanceof BrokerStartError && error.code === 'PORT_TAKEN') return startBroker();
    throw error;
  }
}
// @ts-expect-error: a data folder is a text.
void start(7);
`;

/** Starts the broker of the package in its thread, twice on the same folder. */
const threaded = `
import { startBrokerThread } from '@chat-cluster/broker';
for (const round of [1, 2]) {
  const broker = await startBrokerThread({ dataDir: 'data' });
  console.log(round, broker.port > 0, broker.clusterId.length);
  await broker.close();
}
`;

describe('the package of the broker, installed from its tarball in an empty folder', () => {
  const dir = mkdtempSync(join(tmpdir(), 'broker-package-'));
  const folder = join(dir, 'empty');

  before(async () => {
    const built = join(dir, 'built');
    await run(process.execPath, [join(root, 'tools/build-broker.ts'), built]);
    await run('npm', ['pack', built, '--pack-destination', dir]);
    await run('mkdir', [folder]);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const tarball = join(dir, 'chat-cluster-broker-0.1.0.tgz');
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball], {
      cwd: folder,
    });
    const kafkajs = join(folder, 'node_modules/kafkajs');
    symlinkSync(join(root, 'node_modules/kafkajs'), kafkajs);
  });
  after(() => rmSync(dir, { recursive: true }));

  it('passes the test that its README shows', async () => {
    const readme = readFileSync(
      join(folder, 'node_modules/@chat-cluster/broker/README.md'),
      'utf8',
    );
    const [, example = ''] = /```js\n([^]*?)```/.exec(readme) ?? [];
    const { stdout } = await runFile('greeting.test.js', example, ['--test']);
    assert.match(stdout, /a greeting comes out as it went in/);
    assert.match(stdout, /pass 1\n[^]*fail 0\n/);
  });

  it('runs in a thread, and again on what it left', async () => {
    const { stdout } = await runFile('threaded.js', threaded);
    assert.equal(stdout, '1 true 22\n2 true 22\n');
  });

  it('has declarations that a program can be checked against', async () => {
    writeFileSync(join(folder, 'typed.ts'), typed);
    const types = join(root, 'node_modules/@types');
    const options = ['--strict', '--noEmit', '--target', 'es2024', '--module', 'nodenext'];
    await run(tsc, [...options, '--types', 'node', '--typeRoots', types, 'typed.ts'], {
      cwd: folder,
    });
  });

  function runFile(
    name: string,
    code: string,
    flags: readonly string[] = [],
  ): Promise<{ readonly stdout: string }> {
    writeFileSync(join(folder, name), code);
    // A test runner within a test runner reports to it otherwise.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    return run(process.execPath, [...flags, name], { cwd: folder, env });
  }
});
