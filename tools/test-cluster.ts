/**
 * `npm run test:cluster [-- -- NODE_TEST_OPTION…]`: the tests that need real Kafka and Cassandra (Java, Maven) and the checker's clients (Python). Each file starts what it needs, on ports of its own.
 * What is missing is named; nothing is skipped.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

const needs: readonly { readonly isThere: boolean; readonly sentence: string }[] = [
  {
    isThere: answers('java', '-version'),
    sentence: 'Java 17 is missing: apt-get install openjdk-17-jdk-headless',
  },
  { isThere: answers('mvn', '--version'), sentence: 'Maven is missing: apt-get install maven' },
  { isThere: answers('kcat', '-V'), sentence: 'kcat is missing: apt-get install kcat' },
  {
    isThere: existsSync(join(root, '.venv/bin/python')),
    sentence:
      "The checker's clients are missing: python3 -m venv .venv && .venv/bin/pip install -r tests/checker/requirements.txt",
  },
];

function answers(command: string, option: string): boolean {
  return spawnSync(command, [option], { stdio: 'ignore' }).status === 0;
}

const missing = needs.filter(({ isThere }) => !isThere);
for (const { sentence } of missing) console.error(sentence);
process.exitCode =
  missing.length > 0
    ? 1
    : (spawnSync(
        process.execPath,
        [join(root, 'tools/test.ts'), 'cluster', ...process.argv.slice(2)],
        { cwd: root, stdio: 'inherit' },
      ).status ?? 1);
