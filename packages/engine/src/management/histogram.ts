const BOUND_FIRST_MS = 1;
const GROWTH = 1.25;
const LOG_GROWTH = Math.log(GROWTH);
/** 1.25 ^ 49 ms is 56 seconds. */
const BUCKETS_BOUNDED = 50;

/** Counts durations in buckets whose bounds grow by a quarter each: a quantile read from it is at most that much too high. */
export class Histogram {
  /** Upper bounds in milliseconds, ascending; beyond the last one is a bucket without a bound. */
  static readonly boundsMs: readonly number[] = Array.from(
    { length: BUCKETS_BOUNDED },
    (_, index) => BOUND_FIRST_MS * GROWTH ** index,
  );
  readonly counts = new Float64Array(BUCKETS_BOUNDED + 1);
  sumMs = 0;
  count = 0;

  /** Below 0 (clocks differ) counts as 0. */
  observe(durationMs: number): void {
    const duration = Math.max(0, durationMs);
    const index =
      duration <= BOUND_FIRST_MS
        ? 0
        : Math.min(BUCKETS_BOUNDED, Math.ceil(Math.log(duration / BOUND_FIRST_MS) / LOG_GROWTH));
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sumMs += duration;
    this.count += 1;
  }
}
