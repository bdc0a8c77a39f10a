import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { Program } from '../path/program.ts';

/** Writes the conversations' rows of an LMDB journal to a file, with the project's own command. */
export async function dumpJournal(dir: string, file: string): Promise<void> {
  const args = ['journal', 'dump', '--journal', `lmdb:${dir}`];
  await using dump = new Program('apps/cli/src/run.ts', args);
  assert.deepEqual(await dump.ended, { code: 0, signal: null }, dump.stderr);
  writeFileSync(file, dump.stdout);
}
