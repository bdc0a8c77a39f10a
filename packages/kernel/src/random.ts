import { assert } from './assert.ts';

/** Where randomness comes from. Passed in, so that a run can be replayed. */
export type Random = {
  /** From 0 up to, not including, 1, with 53 bits. */
  next(): number;
  /** A whole number from 0 up to, not including, `n`; `n` is a whole number of at least 1. */
  below(n: number): number;
  /** `count` random bytes. */
  bytes?(count: number): Uint8Array;
};

/** The platform asks for no more than this in one call of `getRandomValues`. */
const FILL_BYTES_MAX = 65_536;

/** The machine's randomness. `bytes` is fit for secrets, `next` and `below` are not. */
export const systemRandom: Required<Random> = {
  next: () => Math.random(),
  below: (n) => scaleBelow(Math.random(), n),
  bytes(count) {
    const filled = new Uint8Array(count);
    for (let from = 0; from < count; from += FILL_BYTES_MAX) {
      crypto.getRandomValues(filled.subarray(from, from + FILL_BYTES_MAX));
    }
    return filled;
  },
};

/**
 * Spreads a fraction (0 up to, not including, 1, with 53 bits) over the whole numbers below `n`;
 * biased by at most n / 2^53.
 */
export function scaleBelow(fraction: number, n: number): number {
  assert(
    Number.isSafeInteger(n) && n >= 1,
    'A random number is drawn below a whole number of at least 1.',
  );
  return Math.floor(fraction * n);
}
