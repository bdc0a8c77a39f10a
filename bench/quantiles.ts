/** In the unit of the sample. */
export type Quantiles = { readonly p50: number; readonly p99: number; readonly max: number };

/** The values below which half of a sample lies, and 99 of 100; and the largest. NaN for a sample of none. */
export function quantilesOf(sample: readonly number[]): Quantiles {
  const sorted = sample.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
