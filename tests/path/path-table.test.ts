import assert from 'node:assert/strict';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { shownInReadme } from './dialogue.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** Of the table below the heading: a station, and the folders that it names. */
const stations = sectionOf('The path of a message')
  .split('\n')
  .filter((line) => line.startsWith('|') && line.includes('`'))
  .map((line) => ({
    station: line.split('|')[1]?.trim(),
    folders: [...line.matchAll(/`([^`]+)`/g)].map(([, folder = '']) => folder),
  }));

it('the path table has the stations of a message, in the order of its way', () => {
  assert.deepEqual(
    stations.map(({ station }) => station),
    ['topic', 'partition takes', 'entity decides', 'transaction', 'journal appends'],
  );
});

it('every folder of the path table exists, and holds sources', () => {
  for (const { station, folders } of stations) {
    assert.ok(folders.length > 0, `${station} names a folder.`);
    for (const folder of folders) {
      assert.ok(statSync(join(root, folder)).isDirectory(), `${folder} is a folder.`);
      assert.ok(globSync('*.ts', { cwd: join(root, folder) }).length > 0, `${folder} has sources.`);
    }
  }
});

it('every journal of the tree is in the path table', () => {
  const journals = globSync('packages/journal-*/src', { cwd: root }).toSorted();
  const last = stations.at(-1)?.folders.filter((folder) => folder.includes('/journal-'));
  assert.deepEqual(last?.toSorted(), journals);
});

it('the README shows the dialogue that the tests hold', () => {
  const lines = readme.split('\n').map((line) => line.trim());
  for (const value of shownInReadme.sent) {
    const shown = lines.filter((line) => line.startsWith(`echo '${value}' | kcat -P `));
    assert.equal(shown.length, 1, value);
  }
  for (const value of shownInReadme.answered) assert.ok(lines.includes(value), value);
});

function sectionOf(heading: string): string {
  const [, section] = readme.split(`\n## ${heading}\n`);
  assert.ok(section !== undefined, `The README has a section "${heading}".`);
  return section.split('\n## ')[0] ?? '';
}
