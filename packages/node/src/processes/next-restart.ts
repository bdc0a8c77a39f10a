/** A process that ran for so long ended for a new reason. */
const STEADY_MS = 60_000;
const DELAY_FIRST_MS = 1_000;
const DELAY_MAX_MS = 30_000;

/**
 * When a process that ended is started again: after a second, then twice as long each time, 30 s at most. One that ran for a minute begins anew.
 * `failureCount`: how often it ended before without having run that long; the result's is for the next time.
 */
export function nextRestart(ended: { readonly ranMs: number; readonly failureCount: number }): {
  readonly delayMs: number;
  readonly failureCount: number;
} {
  const failureCount = ended.ranMs >= STEADY_MS ? 1 : ended.failureCount + 1;
  const delayMs = Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** (failureCount - 1));
  return { delayMs, failureCount };
}
