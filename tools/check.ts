/**
 * `node tools/check.ts [STEP…]` runs all that is checked before a commit, or the steps named: two
 * at a time, the longest first. Shows what a step printed only if it failed; exits with 1 then.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

type Result = { readonly step: string; readonly isOk: boolean; readonly output: string };

const root = join(import.meta.dirname, '..');

/** The machine that this must suit has two cores. */
const CONCURRENCY = 2;

/** Scripts of package.json. */
const steps = ['test:unit', 'unused', 'imports', 'lint', 'types', 'format:check'];

/** The unit tests take longer than all else together, in one process: each core has its half of their files. */
const shards = new Map([['test:unit', CONCURRENCY]]);

type Run = { readonly step: string; readonly title: string; readonly args: readonly string[] };

async function main(named: readonly string[]): Promise<number> {
  const unknown = named.filter((step) => !steps.includes(step));
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}: choose from ${steps.join(', ')}.`);
    return 1;
  }
  const startMs = performance.now();
  const waiting = (named.length > 0 ? named : steps).flatMap(runsOf);
  const results: Result[] = [];
  const runWaiting = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      results.push(await runStep(run));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, runWaiting));
  const failed = results.filter(({ isOk }) => !isOk);
  for (const { step, output } of failed) console.log(`\n── ${step} ──\n${output.trimEnd()}`);
  const verdict =
    failed.length === 0 ? 'all good' : `failed: ${failed.map((r) => r.step).join(', ')}`;
  console.log(`\ncheck: ${verdict}, ${secondsSince(startMs)}`);
  return failed.length === 0 ? 0 : 1;
}

function runsOf(step: string): readonly Run[] {
  const count = shards.get(step) ?? 1;
  if (count === 1) return [{ step, title: step, args: [] }];
  return Array.from({ length: count }, (_, index) => {
    const shard = `${index + 1}/${count}`;
    return { step, title: `${step} ${shard}`, args: ['--', '--', `--test-shard=${shard}`] };
  });
}

async function runStep({ step, title, args }: Run): Promise<Result> {
  const startMs = performance.now();
  const { isOk, output } = await runScript(step, args);
  const parts = [isOk ? '✔' : '✖', title.padEnd(13), secondsSince(startMs), testCounts(output)];
  console.log(parts.join(' ').trimEnd());
  return { step: title, isOk, output };
}

function runScript(
  script: string,
  args: readonly string[],
): Promise<{ isOk: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', '--silent', script, ...args], { cwd: root });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ isOk: code === 0, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** The closing lines of Node's test reporter in short; nothing for a step that is no test run. */
function testCounts(output: string): string {
  const counts = [...output.matchAll(/^ℹ (pass|fail) (\d+)$/gm)];
  return counts.map(([, word, count]) => `${count} ${word}`).join(', ');
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1).padStart(5)} s`;
}

process.exitCode = await main(process.argv.slice(2));
