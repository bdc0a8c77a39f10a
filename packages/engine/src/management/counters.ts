/** What a worker has done since it started; the management server shows them as metrics. */
export class Counters {
  recordsDecided = 0;
  eventsCommitted = 0;
  transactionsCommitted = 0;
  transactionsAborted = 0;
  deadLetters = 0;
  forwarded = 0;
  parked = 0;
  entitiesRecovered = 0;
  entitiesPassivated = 0;
  /** By the label that a decision gave (duplicates, say). Labels come from definitions, so they are few. */
  readonly labels = new Map<string, number>();

  label(name: string): void {
    this.labels.set(name, (this.labels.get(name) ?? 0) + 1);
  }
}
