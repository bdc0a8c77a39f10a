import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeUtf8, encodeUtf8, utf8SizeBytes } from './utf8.ts';

test('bytes and size of any text are those of the platform', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const expected = Buffer.from(text);
      assert.deepEqual(Buffer.from(encodeUtf8(text)), expected);
      assert.equal(utf8SizeBytes(text), expected.byteLength);
      assert.equal(decodeUtf8(expected), text);
    }),
  );
});
