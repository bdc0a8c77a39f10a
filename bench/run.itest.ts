import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { within } from '../tests/crash/within.ts';
import { childProcesses, isRunning } from '../tests/node/child-processes.ts';
import { Program } from '../tests/path/program.ts';
import { MANAGEMENT_PORT } from './start/run-start.ts';

const WAIT_MS = 60_000;

describe('a benchmark that is told to end takes what it started with it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bench-'));
  after(() => rmSync(dir, { recursive: true }));

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`by ${signal}`, { timeout: 2 * WAIT_MS }, async () => {
      await using bench = new Program('bench/run.ts', ['start'], { env: { TMPDIR: dir } });
      // By then the program has nothing more to print, which would end it too when nobody listens any more.
      await within(WAIT_MS, async () =>
        (await isReady()) ? undefined : `The program is ready.\n${bench.stderr}`,
      );
      const children = childProcesses(bench.pid);
      assert.equal(children.length, 1);
      // It has ended only when its children have, who print where it prints.
      const { code } = await bench.stop(signal);
      assert.equal(code, signal === 'SIGINT' ? 130 : 143);
      assert.deepEqual(children.filter(isRunning), []);
    });
  }
});

async function isReady(): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${MANAGEMENT_PORT}/ready`)).ok;
  } catch {
    return false;
  }
}
