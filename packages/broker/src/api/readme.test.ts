import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { apiHandlers } from './index.ts';

test('the README lists every API that is answered, with its versions', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const rows = readme.matchAll(/^\| (\d+) *\| (\w+) *\| (\d+(?: to \d+)?) *\|$/gm);
  const listed = [...rows].map(([, key, name, versions]) => `${key} ${name} ${versions}`);
  const answered = apiHandlers.map(({ declaration: { key, name, versions } }) => {
    const { max, min } = versions;
    return `${key} ${name} ${min === max ? min : `${min} to ${max}`}`;
  });
  assert.deepEqual(listed, answered);
});
