import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startBrokerThread } from '@chat-cluster/broker';
import { within } from '../crash/within.ts';
import { Program } from '../path/program.ts';
import { childProcesses, isRunning } from './child-processes.ts';

const WAIT_MS = 60_000;

const dir = mkdtempSync(join(tmpdir(), 'terminal-'));
after(() => rmSync(dir, { recursive: true }));

it('on a terminal a node and its workers log lines for people', async (t) => {
  const broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
  t.after(() => broker.close());
  const command = [
    ...[process.execPath, 'apps/cli/src/main.js', 'node', '--workers', '2'],
    ...['--brokers', `127.0.0.1:${broker.port}`, '--journal', `lmdb:${join(dir, 'journal')}`],
    ...['--endpoint', '127.0.0.1:0', '--management-port', '0', '--http-port', '0'],
  ].join(' ');
  await using terminal = new Program('script', ['-qec', command, '/dev/null'], { isCommand: true });
  await terminal.untilPrinted(
    /^\d\d:\d\d:\d\d Ready: node 127\.0\.0\.1:\d+ of group chat\. \(.*\)\r$/m,
  );
  await terminal.untilPrinted(
    /^\d\d:\d\d:\d\d 127\.0\.0\.1:\d+ Partition \[\d+\] assigned to current node\. Updating shard allocation\r$/m,
  );
  assert.doesNotMatch(terminal.stdout, /[{}]/);
  const programs = childProcesses(terminal.pid);
  assert.equal(programs.length, 1);
  const processes = [...programs, ...programs.flatMap(childProcesses)];
  await terminal.kill();
  await within(WAIT_MS, async () => {
    const left = processes.filter(isRunning);
    return left.length === 0 ? undefined : `${left.join(', ')} ends with the terminal.`;
  });
});
