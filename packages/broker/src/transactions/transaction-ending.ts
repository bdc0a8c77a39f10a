import { assert, type Cancel, type Clock, type Timers } from '@chat-cluster/kernel';
import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';
import { PRODUCER_EPOCH_MAX } from './producer-succession.ts';
import type { TransactionChange } from './transaction-change.ts';
import type { TransactionPartitions } from './transaction-partitions.ts';
import type { TransactionOutcome } from './transaction-state.ts';
import type { TransactionTimeouts } from './transaction-timeouts.ts';
import type { ProducerIdentity, Transaction } from './transaction.ts';

/** How long after a failed marker the next try is made. */
const MARKER_RETRY_MS = 1_000;

/** What ending a transaction stands on. */
export type EndingSurroundings = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly journal: StateJournal;
  readonly section: SectionJournal<TransactionChange>;
  readonly partitions: TransactionPartitions;
  readonly timeouts: TransactionTimeouts;
  /** Makes the offsets that a producer staged in a group count, or drops them; in memory. */
  readonly endGroupTransaction: (
    groupId: string,
    producerId: number,
    outcome: TransactionOutcome,
  ) => void;
};

/** Ends transactions: the decision, the markers, the completion. */
export class TransactionEnding {
  readonly #surroundings: EndingSurroundings;
  readonly #retries = new Map<Transaction, Cancel>();

  constructor(surroundings: EndingSurroundings) {
    this.#surroundings = surroundings;
  }

  /**
   * Decides the transaction and carries it out. From here on it ends this way, whatever happens.
   *
   * @returns `transaction.ending`; rejects when the decision could not be made durable
   */
  end(transaction: Transaction, outcome: TransactionOutcome): Promise<boolean> {
    const { clock, section, timeouts, endGroupTransaction } = this.#surroundings;
    const { producerId } = transaction.producer;
    transaction.decide(outcome, clock.wallMs());
    timeouts.stop(transaction);
    const decided = section.append({ kind: 'transaction', transaction: transaction.toStored() });
    for (const group of transaction.groups) endGroupTransaction(group, producerId, outcome);
    return this.#start(transaction, decided);
  }

  /**
   * Aborts the transaction under the next epoch: from here on its producer is refused everywhere.
   *
   * @param last whom a retry of the request that causes this would name; NO_PRODUCER if none does
   */
  abortAndFence(transaction: Transaction, last: ProducerIdentity): Promise<boolean> {
    const { producerId, producerEpoch } = transaction.producer;
    assert(producerEpoch <= PRODUCER_EPOCH_MAX, 'There is an epoch above each that was given.');
    transaction.producer = { producerId, producerEpoch: producerEpoch + 1 };
    transaction.lastProducer = last;
    return this.end(transaction, 'abort');
  }

  /** Carries out a decision that an earlier run has made. */
  resume(transaction: Transaction): Promise<boolean> {
    return this.#start(transaction, Promise.resolve());
  }

  close(): void {
    for (const cancel of this.#retries.values()) cancel();
    this.#retries.clear();
  }

  #start(transaction: Transaction, decided: Promise<void>): Promise<boolean> {
    const ending = this.#carryOut(transaction, decided);
    ending.catch(() => {}); // a time-out has nobody that waits; whoever does hears of it all the same
    transaction.ending = ending;
    return ending;
  }

  /** Resolves to whether all markers are durable; if not, it goes on trying. */
  async #carryOut(transaction: Transaction, decided: Promise<void>): Promise<boolean> {
    // A marker must not be durable before its decision is. On a common log the order sees to that.
    if (!this.#surroundings.journal.precedesPartitions) await decided;
    const [{ isComplete }] = await Promise.all([this.#writeMarkers(transaction), decided]);
    if (isComplete) this.#complete(transaction);
    else this.#retryLater(transaction);
    return isComplete;
  }

  async #writeMarkers(transaction: Transaction): Promise<{ isComplete: boolean }> {
    const { clock, partitions } = this.#surroundings;
    const outcome = transaction.decided;
    assert(outcome, 'Markers are written for a decided transaction.');
    const marker = { ...transaction.producer, outcome, timestampMs: clock.wallMs() };
    const markers = [...transaction.partitions].flatMap(([topicId, numbers]) =>
      [...numbers].map((partition) => partitions.endTransaction({ topicId, partition }, marker)),
    );
    const results = await Promise.allSettled(markers);
    return { isComplete: results.every(({ status }) => status === 'fulfilled') };
  }

  /** Not written: a restart that finds the decision looks for markers to write, and finds none missing. */
  #complete(transaction: Transaction): void {
    transaction.complete(this.#surroundings.clock.wallMs());
    transaction.ending = undefined;
  }

  #retryLater(transaction: Transaction): void {
    const retry = () => {
      this.#retries.delete(transaction);
      void this.resume(transaction);
    };
    this.#retries.set(transaction, this.#surroundings.timers.after(MARKER_RETRY_MS, retry));
  }
}
