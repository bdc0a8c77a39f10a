import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isBundleFresh, writeBundleSources } from './bundle-sources.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bundle-sources-'));
  writeFileSync(join(root, 'a.ts'), 'a');
  writeFileSync(join(root, 'b.ts'), 'b');
  writeBundleSources(root, { root, paths: ['a.ts', 'b.ts'] });
});

afterEach(() => rmSync(root, { recursive: true }));

test('a bundle is fresh while nothing has changed that it was made of', () => {
  assert.equal(isBundleFresh(root, { root }), true);
});

test('a source of another size, or written again, makes it stale', () => {
  utimesSync(join(root, 'a.ts'), 1, 1);
  assert.equal(isBundleFresh(root, { root }), false);
  writeBundleSources(root, { root, paths: ['a.ts', 'b.ts'] });
  assert.equal(isBundleFresh(root, { root }), true);
  writeFileSync(join(root, 'a.ts'), 'longer');
  utimesSync(join(root, 'a.ts'), 1, 1);
  assert.equal(isBundleFresh(root, { root }), false);
});

test('a source that is gone makes it stale; no bundle is not fresh', () => {
  rmSync(join(root, 'b.ts'));
  assert.equal(isBundleFresh(root, { root }), false);
  assert.equal(isBundleFresh(join(root, 'none'), { root }), false);
});

test('notes that are cut off are those of no bundle', () => {
  writeFileSync(join(root, 'sources.json'), '[{"path":');
  assert.equal(isBundleFresh(root, { root }), false);
});
