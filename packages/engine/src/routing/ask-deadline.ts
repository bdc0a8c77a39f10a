import { defaultRoutingLimits } from './routing-limits.ts';

/** Of the caller's time, so that it is still told by a sentence why nobody answered; its own clock would say only that time is up. */
const MARGIN_SHARE = 0.1;
const MARGIN_MS_MAX = 300;
/** A question does not wait longer, whatever its caller names. */
const DEADLINE_MS_MAX = 60_000;

/** How long may be tried for a caller whose own time-out is this; if that is undefined, `otherwiseMs` (default: 5,000). */
export function askDeadlineMs(
  timeoutMs: number | undefined,
  otherwiseMs: number = defaultRoutingLimits.deadlineMs,
): number {
  if (timeoutMs === undefined) return otherwiseMs;
  const margin = Math.min(timeoutMs * MARGIN_SHARE, MARGIN_MS_MAX);
  return Math.min(Math.max(0, Math.floor(timeoutMs - margin)), DEADLINE_MS_MAX);
}
