import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from './seeded-random.ts';

test('draws are spread evenly: no bucket of ten strays by more than a tenth', () => {
  const random = seededRandom(42);
  const counts = Array.from({ length: 10 }, () => 0);
  for (let draw = 0; draw < 100_000; draw += 1) {
    const bucket = random.below(10);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  assert.ok(Math.min(...counts) > 9_000 && Math.max(...counts) < 11_000, counts.join(' '));
});

test('bytes take all 256 values', () => {
  assert.equal(new Set(seededRandom(7).bytes(10_000)).size, 256);
});

test('a seed that is not a safe integer is refused', () => {
  assert.throws(() => seededRandom(0.5), { name: 'AssertionFailure' });
  assert.throws(() => seededRandom(2 ** 53), { name: 'AssertionFailure' });
});
