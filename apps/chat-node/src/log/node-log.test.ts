import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isText } from './node-log.ts';

test('unless it is told which, a terminal gets text and everything else JSON', () => {
  const chosen = (['auto', 'text', 'json'] as const).map((form) => [
    isText(form, { isTerminal: true }),
    isText(form, { isTerminal: false }),
  ]);
  assert.deepEqual(chosen, [
    [true, false],
    [true, true],
    [false, false],
  ]);
});
