import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRestart } from './next-restart.ts';

test('a process that ends again and again is started later and later, up to half a minute', () => {
  const delays: number[] = [];
  let failureCount = 0;
  for (let times = 0; times < 8; times++) {
    const next = nextRestart({ ranMs: 500, failureCount });
    failureCount = next.failureCount;
    delays.push(next.delayMs);
  }
  assert.deepEqual(delays, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('one that ran for a minute begins anew', () => {
  assert.deepEqual(nextRestart({ ranMs: 60_000, failureCount: 5 }), {
    delayMs: 1_000,
    failureCount: 1,
  });
});
