import assert from 'node:assert/strict';
import type { Program } from './program.ts';

/** The sentence with which a node that cannot start exits with code 1: the last that it logs, with no stack trace. */
export async function refusalOf(node: Program): Promise<string> {
  const { code } = await node.ended;
  assert.equal(code, 1, node.stdout);
  assert.equal(node.stderr, '');
  const last = JSON.parse(node.stdout.trimEnd().split('\n').at(-1) ?? '') as { msg: string };
  assert.match(last.msg, /^[^\n]+[.?]$/, 'One line, which ends as a sentence does.');
  return last.msg;
}
