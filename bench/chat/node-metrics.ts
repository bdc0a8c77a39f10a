/** What a node's /metrics says, as far as the benchmark needs it. */
export type NodeMetrics = {
  readonly eventsCommitted: number;
  readonly eventsJournaled: number;
  /** Upper bound in seconds → events that took at most that long from input to journal. */
  readonly journalDelay: ReadonlyMap<number, number>;
};

export async function readMetrics(managementPort: number): Promise<NodeMetrics> {
  const response = await fetch(`http://127.0.0.1:${managementPort}/metrics`);
  const text = await response.text();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const buckets = text.matchAll(
    /^chatcluster_journal_delay_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm,
  );
  return {
    eventsCommitted: value('chatcluster_events_committed_total'),
    eventsJournaled: value('chatcluster_journal_delay_seconds_count'),
    journalDelay: new Map(
      [...buckets].map(([, bound, count]) => [
        bound === '+Inf' ? Infinity : Number(bound),
        Number(count),
      ]),
    ),
  };
}

/** The bound in seconds below which this share of the events between two readings lies. */
export function delayQuantile(before: NodeMetrics, after: NodeMetrics, share: number): number {
  const total = after.eventsJournaled - before.eventsJournaled;
  for (const [bound, count] of after.journalDelay) {
    if (count - (before.journalDelay.get(bound) ?? 0) >= total * share) return bound;
  }
  return Infinity;
}
