import { assert } from '@chat-cluster/kernel';
import type { TransactionalAppend } from '../partitions/transaction-verifier.ts';
import type { DurableLog } from '../state-journal/durable-log.ts';
import { JournalError } from '../state-journal/journal-error.ts';
import type { PartitionId, TransactionPartitions } from './transaction-partitions.ts';
import type { TransactionOutcome } from './transaction-state.ts';
import type { ProducerIdentity } from './transaction.ts';

/** Something in a partition: a batch of a transaction, with a value to know it by, or a marker. */
export type PartitionEntry =
  | (ProducerIdentity & { readonly kind: 'batch'; readonly value: string })
  | (ProducerIdentity & { readonly kind: 'marker'; readonly outcome: TransactionOutcome });

type Entry = { readonly log: 'journal'; readonly bytes: Uint8Array } | PartitionRecord;
type PartitionRecord = { readonly log: string; readonly entry: PartitionEntry };

/** Appended, and durable from `durable()` on; lost if the power fails before. */
type Written = {
  readonly entry: Entry;
  readonly durable: Promise<void>;
  readonly settle: (error?: Error) => void;
  isDurable: boolean;
};

/**
 * A state journal and partitions that lose what was not durable. For tests only.
 *
 * With `isCommon`, everything has one order (a write-ahead log); else the journal and each partition
 * have their own, and any of them may be ahead.
 */
export class SimulatedLogs implements DurableLog, TransactionPartitions {
  readonly precedesPartitions: boolean;
  readonly sizeBytes = 0;
  /** Set to refuse what clients begin. */
  isFull = false;
  /** Topics with one id each, equal to their name, and this many partitions. */
  readonly partitionsCount: number;
  /** Set to fail the markers of these partitions. */
  readonly brokenPartitions = new Set<string>();
  #written: Written[] = [];
  #isDown = false;

  constructor(
    of: { isCommon: boolean; partitionsCount?: number },
    survived: readonly Entry[] = [],
  ) {
    this.precedesPartitions = of.isCommon;
    this.partitionsCount = of.partitionsCount ?? 4;
    this.#written = survived.map((entry) => ({
      ...{ entry, durable: Promise.resolve(), settle: () => {}, isDurable: true },
    }));
  }

  replay(onRecord: (bytes: Uint8Array) => void): Promise<void> {
    for (const { entry } of this.#written) if ('bytes' in entry) onRecord(entry.bytes);
    return Promise.resolve();
  }

  append(bytes: Uint8Array): Promise<void> {
    return this.#append({ log: 'journal', bytes });
  }

  appendLazily(bytes: Uint8Array): void {
    void this.append(bytes);
  }

  durable(): Promise<void> {
    return this.durableLog('journal');
  }

  replaceWith(): Promise<void> {
    return Promise.reject(new Error('The simulated log keeps everything.'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  topicIdOf(topic: string, partition: number): string | undefined {
    return topic.startsWith('topic') && partition < this.partitionsCount ? topic : undefined;
  }

  topicNameOf(topicId: string): string {
    return topicId;
  }

  /** Appends a transactional batch, if the coordinator takes it; resolved when durable. */
  produce(append: TransactionalAppend & { value: string }): Promise<void> {
    const { producerId, producerEpoch, value } = append;
    const entry: PartitionEntry = { kind: 'batch', producerId, producerEpoch, value };
    return this.#append({ log: nameOf(append), entry });
  }

  endTransaction(
    partition: PartitionId,
    marker: ProducerIdentity & { outcome: TransactionOutcome },
  ): Promise<void> {
    const log = nameOf(partition);
    if (this.brokenPartitions.has(log)) return Promise.reject(new Error('The disk is full.'));
    if (!this.#openIn(log).has(marker.producerId)) return this.durableLog(log);
    const { producerId, producerEpoch, outcome } = marker;
    const entry: PartitionEntry = { kind: 'marker', producerId, producerEpoch, outcome };
    return this.#append({ log, entry });
  }

  *openTransactions(): Iterable<PartitionId & ProducerIdentity> {
    for (const log of this.partitionLogs()) {
      const [topicId = '', partition] = log.split('/');
      for (const producer of this.#openIn(log).values()) {
        yield { topicId, partition: Number(partition), ...producer };
      }
    }
  }

  /** Resolved when what the log holds now is durable. */
  durableLog(log: string): Promise<void> {
    const last = this.#written.findLast(({ entry }) => entry.log === log);
    return last?.durable ?? Promise.resolve();
  }

  partitionLogs(): string[] {
    const logs = this.#written.map(({ entry }) => entry.log);
    return [...new Set(logs)].filter((log) => log.includes('/'));
  }

  entriesOf(log: string): PartitionEntry[] {
    return this.#written.flatMap(({ entry }) =>
      entry.log === log && 'entry' in entry ? [entry.entry] : [],
    );
  }

  get pendingCount(): number {
    return this.#written.filter(({ isDurable }) => !isDurable).length;
  }

  /**
   * Makes durable the oldest `count` of what is pending; on logs of their own, of each log as `choose`
   * says. Acknowledges in order.
   */
  flush({
    count = Infinity,
    only,
  }: { count?: number; only?: (log: string) => boolean } = {}): void {
    let left = count;
    const mayFlush = (log: string) => this.precedesPartitions || (only?.(log) ?? true);
    for (const written of this.#written) {
      if (left <= 0) break;
      if (written.isDurable || !mayFlush(written.entry.log)) continue;
      written.isDurable = true;
      written.settle();
      left -= 1;
    }
  }

  /**
   * The power fails: what is durable survives, and of each order as much more as `extra` says, which
   * nobody was told about.
   */
  crash(extra: (log: string) => number = () => 0): SimulatedLogs {
    this.#isDown = true;
    const leftOf = new Map<string, number>();
    const survives = ({ entry, isDurable }: Written): boolean => {
      const order = this.precedesPartitions ? 'common' : entry.log;
      if (!leftOf.has(order)) leftOf.set(order, extra(order));
      const left = leftOf.get(order) ?? 0;
      if (!isDurable) leftOf.set(order, left - 1);
      return isDurable || left > 0;
    };
    const survived = this.#written.filter(survives).map(({ entry }) => entry);
    for (const { isDurable, settle } of this.#written) {
      if (!isDurable) settle(new JournalError('failed', 'The power has failed.'));
    }
    const { precedesPartitions: isCommon, partitionsCount } = this;
    return new SimulatedLogs({ isCommon, partitionsCount }, survived);
  }

  #append(entry: Entry): Promise<void> {
    if (this.#isDown) return Promise.reject(new JournalError('failed', 'The power is off.'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => {});
    const settle = (error?: Error) => (error ? reject(error) : resolve());
    this.#written.push({ entry, durable: promise, settle, isDurable: false });
    return promise;
  }

  /** The producers whose transaction is open in a partition, as of its last entry. */
  #openIn(log: string): Map<number, ProducerIdentity> {
    const open = new Map<number, ProducerIdentity>();
    for (const entry of this.entriesOf(log)) {
      const { kind, producerId, producerEpoch } = entry;
      if (kind === 'batch') open.set(producerId, { producerId, producerEpoch });
      else open.delete(producerId);
    }
    return open;
  }
}

/** The name of a partition's log. */
export function nameOf({ topicId, partition }: PartitionId): string {
  assert(!topicId.includes('/'), 'The simulated topics have plain names.');
  return `${topicId}/${partition}`;
}
