import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { int64 } from './int64.ts';

test('whole numbers of either sign become the eight bytes of a bigint', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      const expected = Buffer.alloc(8);
      expected.writeBigInt64BE(BigInt(value));
      assert.deepEqual(int64(value), expected);
    }),
    { examples: [[0], [-1], [2 ** 32], [-(2 ** 32)], [Number.MAX_SAFE_INTEGER]] },
  );
});
