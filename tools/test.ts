/**
 * `node tools/test.ts KIND… [-- NODE_TEST_OPTION…]` runs all test files of these kinds, one kind
 * after the other, and exits with 1 if any failed or a kind has no files.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { testKinds, type TestKindName } from './test-kinds.ts';

const root = join(import.meta.dirname, '..');

function main(args: readonly string[]): number {
  const indexSplit = args.includes('--') ? args.indexOf('--') : args.length;
  const names = args.slice(0, indexSplit);
  const options = args.slice(indexSplit + 1);
  if (names.length === 0 || !names.every(isTestKind)) {
    console.error(`Say which tests: ${Object.keys(testKinds).join(', ')}.`);
    return 1;
  }
  const failed = names.filter((name) => !runKind(name, options));
  if (failed.length > 0) console.error(`Failed: ${failed.join(', ')} tests.`);
  return failed.length === 0 ? 0 : 1;
}

function runKind(name: TestKindName, options: readonly string[]): boolean {
  const { patterns, files, timeoutMs, processTimeoutMs } = testKinds[name];
  const paths = globSync(patterns, { cwd: root, exclude: ['**/node_modules/**'] });
  // The test runner would call that a success.
  if (paths.length === 0) {
    console.error(`There are no ${name} tests: ${patterns.join(', ')} matches no file.`);
    return false;
  }
  console.log(`${name} tests: ${paths.length} files`);
  const isolation =
    files === 'in one process'
      ? ['--test-isolation=none']
      : ['--test-isolation=process', `--test-concurrency=${files.atOnce}`];
  const watchdog = new URL(`test-watchdog.ts?timeoutMs=${processTimeoutMs}`, import.meta.url);
  if (files === 'in one process') watchdog.searchParams.set('watch', 'runner');
  const limits = [...isolation, `--test-timeout=${timeoutMs}`];
  const node = ['--import', watchdog.href, '--test', '--test-reporter=spec', ...limits];
  const args = [...node, ...options, ...paths.toSorted()];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status === 0;
}

function isTestKind(name: string): name is TestKindName {
  return Object.hasOwn(testKinds, name);
}

process.exitCode = main(process.argv.slice(2));
