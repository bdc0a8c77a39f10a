import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Which test fails, as the page names it: a file, and how the test's name begins. */
type Named = { readonly file: string; readonly name: string };

test('the tests that docs/invariants.md names exist', () => {
  const page = readFileSync(join(root, 'docs/invariants.md'), 'utf8');
  const rows = page.split('\n').filter((line) => line.startsWith('|'));
  const named = rows.flatMap((row) => namedIn(row.split('|').at(-2) ?? ''));
  const missing = named.filter(({ file, name }) => !hasTest(file, name));
  assert.deepEqual(missing, []);
  assert.ok(named.length > 400, 'Its rows are read.');
});

/** `file`: the name … (what else there is to say); `another file`: its name … */
function namedIn(cell: string): readonly Named[] {
  return [...cell.matchAll(/`([^`]+\.ts)`(?:: ((?:(?!; `).)*))?/g)].map(
    ([, file = '', said = '']) => {
      return { file, name: said.replace(/(…| \().*/, '').trim() };
    },
  );
}

function hasTest(file: string, name: string): boolean {
  const path = pathOf(file);
  if (path === undefined) return false;
  const source = readFileSync(path, 'utf8');
  return (
    plain(source).includes(plain(name)) || patternsIn(source).some((part) => name.includes(part))
  );
}

/** Of names that are made of parts, the first part that is more than a word. */
function patternsIn(source: string): readonly string[] {
  return [...source.matchAll(/(?:test|it|describe)\(\s*`([^`]*\$\{[^`]*)`/g)].flatMap(
    ([, pattern = '']) =>
      pattern.split(/\$\{[^}]*\}/).find((part) => part.trim().includes(' ')) ?? [],
  );
}

/** Packages are named without `packages/` and `src/`. */
function pathOf(file: string): string | undefined {
  const [first = '', ...rest] = file.split('/');
  const candidates = [
    file,
    join('packages', first, 'src', ...rest),
    join('apps', first, 'src', ...rest),
    ...globSync(`packages/engine/src/**/${file}`, { cwd: root }),
  ];
  return candidates.map((path) => join(root, path)).find((path) => existsSync(path));
}

/** A name is the same whatever quotes the source has around and in it. */
function plain(text: string): string {
  return text.replaceAll(/\\?['’`]/g, "'");
}
