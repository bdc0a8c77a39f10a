import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('code in the documentation is a file of the repository, which compiles and is tested', () => {
  let checked = 0;
  for (const page of globSync('docs/**/*.md', { cwd: root })) {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, file = '', code] of text.matchAll(
      /`([^`\n]+\.ts)`, all of it:\n\n```ts\n([^]*?)```/g,
    )) {
      assert.equal(code, readFileSync(join(root, file), 'utf8'), `${page} shows ${file}`);
      checked += 1;
    }
    const blockCount = text.split('```ts\n').length - 1;
    const namedCount = text.split(/, all of it:\n\n```ts\n/).length - 1;
    assert.equal(blockCount, namedCount, `${page} has TypeScript that is no file`);
  }
  assert.ok(checked > 0, 'There is such a page.');
});
