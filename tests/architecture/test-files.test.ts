import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join, matchesGlob } from 'node:path';
import { test } from 'node:test';
import { testKinds } from '../../tools/test-kinds.ts';

const root = join(import.meta.dirname, '../..');
const kinds = Object.entries(testKinds);

function kindsOf(file: string): string[] {
  return kinds.flatMap(([name, { patterns }]) =>
    patterns.filter((pattern) => matchesGlob(file, pattern)).map(() => name),
  );
}

test('every test file of the repository is run by exactly one kind', () => {
  const files = globSync('**/*test*.{ts,tsx,mts,js}', {
    cwd: root,
    exclude: ['**/node_modules/**', '**/dist/**', 'data/**'],
  }).filter((file) => /[.-]i?tests?\./.test(file));
  assert.ok(files.includes('tests/architecture/test-files.test.ts'));
  const stray = files.filter((file) => kindsOf(file).length !== 1);
  assert.deepEqual(stray, []);
});

test('the suffix alone tells the kind', () => {
  const examples = [
    ['packages/kernel/src/retry.test.ts', 'unit'],
    ['packages/kernel/src/bounded-queue.property.test.ts', 'unit'],
    ['tests/architecture/imports.test.ts', 'unit'],
    ['packages/journal-lmdb/src/lmdb-journal.itest.ts', 'integration'],
    ['apps/local/src/main.itest.ts', 'integration'],
    ['tests/crash/kill.itest.ts', 'integration'],
    ['tests/crash/kill.cluster.itest.ts', 'cluster'],
    ['packages/journal-cassandra/src/cassandra-journal.cluster.itest.ts', 'cluster'],
  ] as const;
  for (const [file, kind] of examples) assert.deepEqual(kindsOf(file), [kind], file);
});

test('a file that only resembles a test is of no kind', () => {
  for (const file of [
    'packages/kernel/src/retry.tests.ts',
    'src/retry.test.ts',
    'retry.itest.js',
  ]) {
    assert.deepEqual(kindsOf(file), [], file);
  }
});
