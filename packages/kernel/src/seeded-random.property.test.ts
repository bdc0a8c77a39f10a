import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from './seeded-random.ts';

const seeds = fc.maxSafeInteger();

test('the same seed gives the same numbers and bytes', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 1000 }), (seed, n) => {
      const [first, second] = [seededRandom(seed), seededRandom(seed)];
      for (let draw = 0; draw < 20; draw += 1) {
        assert.equal(first.next(), second.next());
        assert.equal(first.below(n), second.below(n));
        assert.deepEqual(first.bytes(5), second.bytes(5));
      }
    }),
  );
});

test('neighbouring seeds give different numbers', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger().filter((seed) => seed < Number.MAX_SAFE_INTEGER),
      (seed) => {
        assert.notEqual(seededRandom(seed).next(), seededRandom(seed + 1).next());
      },
    ),
  );
});

test('every number lies in its range', () => {
  fc.assert(
    fc.property(
      seeds,
      fc.maxSafeNat().map((n) => n + (n === 0 ? 1 : 0)),
      (seed, n) => {
        const random = seededRandom(seed);
        const fraction = random.next();
        assert.ok(fraction >= 0 && fraction < 1);
        const drawn = random.below(n);
        assert.ok(Number.isInteger(drawn) && drawn >= 0 && drawn < n);
      },
    ),
  );
});

test('seeds that differ only above 32 bits give different numbers', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 20 }), (low, high) => {
      assert.notEqual(seededRandom(low).next(), seededRandom(low + high * 2 ** 32).next());
    }),
  );
});
