import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entityIdProblem } from './entity-id.ts';

test('an id of up to 256 bytes is fine, whatever it is written in', () => {
  for (const id of ['a', 'a/b c', '\uFEFFa', '\u0000', '😀'.repeat(64), 'ä'.repeat(128)]) {
    assert.equal(entityIdProblem(id), undefined);
  }
});

test('an id that is empty, too long, or not the same in UTF-8 is refused', () => {
  for (const id of ['', 'a'.repeat(257), 'ä'.repeat(129), '\uD800', 'a\uDC00b']) {
    assert.ok(entityIdProblem(id) !== undefined, JSON.stringify(id));
  }
});
