import { Histogram } from './histogram.ts';

/** Where a record that became a dead letter was, and why it did. */
export type RefusedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
};

/** What a worker has done since it started; the management server shows them as metrics. */
export class Counters {
  recordsDecided = 0;
  eventsCommitted = 0;
  transactionsCommitted = 0;
  transactionsAborted = 0;
  deadLetters = 0;
  /** The last record that became a dead letter, for a report that does not grow with their number. */
  lastRefused: RefusedRecord | undefined;
  forwarded = 0;
  parked = 0;
  entitiesRecovered = 0;
  entitiesPassivated = 0;
  /** From an input's time to the acknowledgement of its event's row. */
  readonly journalDelay = new Histogram();
  /** By the label that a decision gave (duplicates, say). Labels come from definitions, so they are few. */
  readonly labels = new Map<string, number>();

  refused(record: RefusedRecord): void {
    this.deadLetters += 1;
    this.lastRefused = record;
  }

  label(name: string): void {
    this.labels.set(name, (this.labels.get(name) ?? 0) + 1);
  }
}
