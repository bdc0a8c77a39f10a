import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scaleBelow, systemRandom } from './random.ts';

test('the largest fraction stays below n, whatever n', () => {
  const largest = 1 - 2 ** -53;
  for (const n of [1, 2, 3, 10, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    assert.equal(scaleBelow(largest, n), n - 1);
    assert.equal(scaleBelow(0, n), 0);
  }
});

test('below refuses what is not a whole number of at least 1', () => {
  for (const n of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
    assert.throws(() => systemRandom.below(n), { name: 'AssertionFailure' });
  }
});

test('system bytes come in any number, past the platform limit of one call too', () => {
  assert.equal(systemRandom.bytes(0).length, 0);
  const many = systemRandom.bytes(200_000);
  assert.equal(many.length, 200_000);
  assert.ok(many.subarray(-64).some((byte) => byte !== 0));
});
