import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';

const watchdog = pathToFileURL(join(import.meta.dirname, '../../tools/test-watchdog.ts'));
watchdog.searchParams.set('timeoutMs', '2000');

/** Longer than the watchdog needs; without it the run would last until here. */
const RUN_MS_MAX = 60_000;

test('a test file whose loop never yields is killed, named, and fails the run', (context) => {
  const { status, output } = runTestFile(context, `test('loops', () => { for (;;); });`);
  assert.equal(status, 1);
  assert.match(output, /planted\.test\.mjs still runs after 2000 ms: killed/);
});

test('a test file that something keeps alive is killed, named, and fails the run', (context) => {
  const { status, output } = runTestFile(
    context,
    `test('forgets a timer', () => { setInterval(() => {}, 1000); });`,
  );
  assert.equal(status, 1);
  assert.match(output, /planted\.test\.mjs still runs after 2000 ms: killed/);
});

test('a test file that ends by itself is left alone', (context) => {
  const { status, output } = runTestFile(context, `test('is quick', () => {});`);
  assert.equal(status, 0, output);
});

function runTestFile(
  context: TestContext,
  source: string,
): { status: number | null; output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'watchdog-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'planted.test.mjs');
  writeFileSync(file, `import { test } from 'node:test';\n${source}\n`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env; // or the inner run would report to the outer one
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', watchdog.href, '--test', file],
    { env, encoding: 'utf8', timeout: RUN_MS_MAX },
  );
  return { status, output: stdout + stderr };
}
