/** Where the time comes from. Passed in, so that a simulation can own it. */
export type Clock = {
  /** Milliseconds since 1970-01-01 UTC. For people and records; it may jump either way. */
  wallMs(): number;
  /**
   * Milliseconds since an arbitrary start, with fractions. Never goes back; the only one to measure
   * durations and leases with.
   */
  monotonicMs(): number;
};

/** The machine's clock. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
