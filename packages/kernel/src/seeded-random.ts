import { assert } from './assert.ts';
import { type Random, scaleBelow } from './random.ts';

/** The first outputs still resemble the seed; they are thrown away. */
const WARM_UP_COUNT = 12;

/**
 * Randomness that a seed repeats exactly, on every platform: Chris Doty-Humphrey's sfc32
 * (PractRand), 128 bits of state. Not for secrets.
 *
 * @param seed a safe integer; print it in the failure message, so that the run can be replayed
 */
export function seededRandom(seed: number): Required<Random> {
  assert(Number.isSafeInteger(seed), 'A seed is a safe integer.');
  const draw32 = sfc32(seed);
  const next = (): number => {
    const high27 = draw32() >>> 5;
    const low26 = draw32() >>> 6;
    return (high27 * 2 ** 26 + low26) / 2 ** 53;
  };
  return {
    next,
    below: (n) => scaleBelow(next(), n),
    bytes: (count) => Uint8Array.from({ length: count }, () => draw32() >>> 24),
  };
}

/** Draws whole numbers of 32 bits, never negative. */
function sfc32(seed: number): () => number {
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;
  const draw = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let count = 0; count < WARM_UP_COUNT; count += 1) draw();
  return draw;
}
