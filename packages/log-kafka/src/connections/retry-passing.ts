import { type Clock, retry, type Timers } from '@chat-cluster/kernel';
import { LogError } from '@chat-cluster/log';

/** How long an operation is tried again while its troubles may pass. */
export type RetrySettings = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly retryTimeoutMs: number;
};

/**
 * Repeats the work while it fails with `unavailable`, first after 5 ms, then ever more slowly up to every
 * 250 ms, until `retryTimeoutMs` is over. The work must be idempotent.
 *
 * @throws LogError the last one
 */
export function retryPassing<T>(work: () => Promise<T>, settings: RetrySettings): Promise<T> {
  const { clock, timers, retryTimeoutMs } = settings;
  const endMs = clock.monotonicMs() + retryTimeoutMs;
  return retry(work, {
    attemptsMax: ATTEMPTS_MAX,
    backoffMs: retryBackoffMs,
    timers,
    shouldRetry: (error) => isPassing(error) && clock.monotonicMs() < endMs,
  });
}

/** The pause after the failed attempt of this number (1, 2, …): 5, 10, 20, … 250 ms. */
export function retryBackoffMs(attempt: number): number {
  return Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(attempt - 1, 10));
}

/** Whether the same request may succeed when nothing but time passes. */
export function isPassing(error: unknown): boolean {
  return error instanceof LogError && error.code === 'unavailable';
}

const BACKOFF_MS_MIN = 5;
const BACKOFF_MS_MAX = 250;
/** Far more than fit into any time-out at 250 ms each: the time-out is what ends a retry. */
const ATTEMPTS_MAX = 1_000;
