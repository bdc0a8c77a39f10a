import { assert } from './assert.ts';
import { sleep } from './sleep.ts';
import type { Timers } from './timers.ts';

/** How long, how often and at which errors `retry` tries again. */
export type RetryOptions = {
  /** Calls of the work, the first one included: at least 1. */
  attemptsMax: number;
  /** How long to wait after the failed attempt of this number (1, 2, …) before the next one. */
  backoffMs: (attempt: number) => number;
  timers: Timers;
  /** True for an error that may be gone next time. An `AssertionFailure` is none of these. */
  shouldRetry: (error: unknown) => boolean;
};

/**
 * Does the work until it succeeds, one attempt after the other. The work must be idempotent: an
 * attempt that failed may still have had its effect.
 *
 * @param work is given the number of the attempt, from 1
 * @returns what the first successful attempt returned
 * @throws the error of the last attempt, unchanged: when attempts are used up, or `shouldRetry`
 *   says no
 */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { attemptsMax, backoffMs, timers, shouldRetry } = options;
  assert(
    Number.isSafeInteger(attemptsMax) && attemptsMax >= 1,
    'A retried work has at least one attempt.',
  );
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      if (attempt >= attemptsMax || !shouldRetry(error)) throw error;
    }
    await sleep(timers, backoffMs(attempt));
  }
}
