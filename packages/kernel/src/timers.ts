import { assert } from './assert.ts';

/** Takes a timer back. Calling it again, or after the timer fired, does nothing. */
export type Cancel = () => void;

/** What calls back later. Passed in, so that a simulation can own it. */
export type Timers = {
  /**
   * Calls back once, not before `delayMs` have passed, and never before this function has returned.
   *
   * @param delayMs 0 to `DELAY_MS_MAX`
   */
  after(delayMs: number, callback: () => void): Cancel;
};

/** 24 days: the platform's timers hold 31 bits, and fire at once when asked for more. */
export const DELAY_MS_MAX = 2 ** 31 - 1;

/** The platform's timers. A pending one keeps the process alive. */
export const systemTimers: Timers = {
  after(delayMs, callback) {
    assertDelay(delayMs);
    if (delayMs === 0 && platform.setImmediate !== undefined) {
      const immediate = platform.setImmediate(callback);
      return () => platform.clearImmediate?.(immediate);
    }
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Where there is setImmediate (not in browsers), a delay of 0 means: after pending I/O, without the
 * extra millisecond of setTimeout.
 */
const platform: {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly clearImmediate?: (immediate: unknown) => void;
} = globalThis as typeof platform;

/** Asserts what every implementation of `Timers` asks of a delay. */
export function assertDelay(delayMs: number): void {
  assert(
    delayMs >= 0 && delayMs <= DELAY_MS_MAX,
    'A delay lies between 0 and DELAY_MS_MAX milliseconds.',
  );
}
