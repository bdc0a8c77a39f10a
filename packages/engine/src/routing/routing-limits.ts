/** How long and how often a router tries. */
export type RoutingLimits = {
  /** Of a caller who names no deadline. */
  readonly deadlineMs: number;
  /** How long one asked node may be silent. Longer than a lease (1 s), for which a new owner is; shorter than the deadline, so that a node that is paused does not use it up. */
  readonly hopTimeoutMs: number;
  /** Before the second try, doubled before each further one, up to `backoffMsMax`; half of it is left to chance. A younger map ends the wait. */
  readonly backoffMs: number;
  readonly backoffMsMax: number;
  /** A watch that no owner takes for so long ends with `unavailable`. */
  readonly watchUnavailableMs: number;
};

export const defaultRoutingLimits: RoutingLimits = {
  deadlineMs: 5_000,
  hopTimeoutMs: 1_500,
  backoffMs: 10,
  backoffMsMax: 200,
  watchUnavailableMs: 30_000,
};
