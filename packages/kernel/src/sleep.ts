import type { Timers } from './timers.ts';

/**
 * Resolves once `ms` (0 or more) have passed by these timers. It cannot be cancelled: use
 * `timers.after` where it must be.
 */
export function sleep(timers: Timers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    timers.after(ms, resolve);
  });
}
