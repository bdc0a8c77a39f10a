import { Histogram } from './histogram.ts';

/** Where a record that became a dead letter was, and why it did. */
export type RefusedRecord = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
};

/** The share of decided records that were at home where they were fetched, on the worker that is known to own their shard: 1 unless somebody wrote to a partition that is not the key's. */
export function localityOf({
  forwarded,
  recordsDecided,
  recordsMisplaced,
}: Readonly<Pick<Counters, 'forwarded' | 'recordsDecided' | 'recordsMisplaced'>>): number {
  return recordsDecided === 0 ? 1 : 1 - (forwarded + recordsMisplaced) / recordsDecided;
}

/** What a worker has done since it started; the management server shows them as metrics. */
export class Counters {
  /** Given to a shard here by the fetcher. All that were fetched are decided, wait in a queue, or were left. */
  recordsFetched = 0;
  /** Taken off an input here, whatever was decided about them. */
  recordsDecided = 0;
  /** Of these, those of shards that everybody else was told are another worker's. */
  recordsMisplaced = 0;
  /** Fetched here, and left undecided when their shard went: its next owner fetches them again. */
  recordsLeft = 0;
  eventsCommitted = 0;
  transactionsCommitted = 0;
  transactionsAborted = 0;
  deadLetters = 0;
  /** The last record that became a dead letter, for a report that does not grow with their number. */
  lastRefused: RefusedRecord | undefined;
  /** Hops: records of entities whose home is another partition, sent there. */
  forwarded = 0;
  parked = 0;
  entitiesRecovered = 0;
  /** Of these, those that were read ahead when a shard came. */
  entitiesWarmed = 0;
  /** Of these, those whose state their shard’s former owner gave. */
  entitiesHandedOver = 0;
  entitiesPassivated = 0;
  /** From an input's time to the acknowledgement of its event's row. */
  readonly journalDelay = new Histogram();
  /** Of shards that came from another worker, from its last decision on. */
  readonly shardSilence = new Histogram();
  /** By the label that a decision gave (duplicates, say). Labels come from definitions, so they are few. */
  readonly labels = new Map<string, number>();

  get locality(): number {
    return localityOf(this);
  }

  refused(record: RefusedRecord): void {
    this.deadLetters += 1;
    this.lastRefused = record;
  }

  label(name: string): void {
    this.labels.set(name, (this.labels.get(name) ?? 0) + 1);
  }
}
