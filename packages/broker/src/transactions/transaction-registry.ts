import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';
import { PRODUCER_EPOCH_MAX } from './producer-succession.ts';
import type { TransactionChange } from './transaction-change.ts';
import type { TransactionOutcome } from './transaction-state.ts';
import { NO_PRODUCER, Transaction } from './transaction.ts';

/** All transactional ids, and their part of the state journal. */
export class TransactionRegistry {
  readonly section: SectionJournal<TransactionChange>;
  readonly #byId = new Map<string, Transaction>();
  readonly #byProducer = new Map<number, Transaction>();
  readonly #onDecided: (transaction: Transaction, outcome: TransactionOutcome) => void;

  /**
   * Registers the journal's section `transactions`.
   *
   * @param of `onDecided`: called for each decision that is replayed
   */
  constructor(of: {
    journal: StateJournal;
    onDecided: (transaction: Transaction, outcome: TransactionOutcome) => void;
  }) {
    this.#onDecided = of.onDecided;
    this.section = of.journal.section<TransactionChange>({
      name: 'transactions',
      replay: (change) => this.#replay(change),
      snapshot: () => this.#snapshot(),
    });
  }

  get count(): number {
    return this.#byId.size;
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#byId.get(transactionalId);
  }

  /** By the producer id that has the transactional id now. */
  ofProducer(producerId: number): Transaction | undefined {
    return this.#byProducer.get(producerId);
  }

  all(): IterableIterator<Transaction> {
    return this.#byId.values();
  }

  /**
   * Writes the transaction as it is now; a new one, or a new producer id, is known from here on.
   *
   * @returns resolved when that is durable
   */
  store(transaction: Transaction, { insteadOfProducerId = -1 } = {}): Promise<void> {
    this.#byProducer.delete(insteadOfProducerId);
    this.#insert(transaction);
    return this.section.append({ kind: 'transaction', transaction: transaction.toStored() });
  }

  /** Like `store`, where order is enough: it is durable before anything that is appended later. */
  storeLazily(transaction: Transaction): void {
    this.#insert(transaction);
    const change = { kind: 'transaction', transaction: transaction.toStored() } as const;
    this.section.appendLazily(change);
  }

  /** Refuses the present producer from here on, although no transaction of it is open. */
  fence(transaction: Transaction, nowMs: number): Promise<void> {
    const { producerId, producerEpoch } = transaction.producer;
    if (producerEpoch > PRODUCER_EPOCH_MAX) return Promise.resolve(); // nobody was given this one
    const producer = { producerId, producerEpoch: producerEpoch + 1 };
    transaction.handTo({ producer, last: NO_PRODUCER }, nowMs);
    return this.store(transaction);
  }

  /** Nobody waits for the record: without it a restart forgets the id again later. */
  forget(transaction: Transaction): void {
    const { transactionalId } = transaction;
    this.#delete(transactionalId);
    void this.section.append({ kind: 'transaction-deleted', transactionalId }).catch(() => {});
  }

  #insert(transaction: Transaction): void {
    this.#byId.set(transaction.transactionalId, transaction);
    this.#byProducer.set(transaction.producer.producerId, transaction);
  }

  #delete(transactionalId: string): void {
    const known = this.#byId.get(transactionalId);
    if (known === undefined) return;
    this.#byId.delete(transactionalId);
    this.#byProducer.delete(known.producer.producerId);
  }

  #replay(change: TransactionChange): void {
    if (change.kind === 'transaction-deleted') return this.#delete(change.transactionalId);
    this.#delete(change.transaction.transactionalId);
    const transaction = Transaction.restore(change.transaction);
    this.#insert(transaction);
    if (transaction.decided) this.#onDecided(transaction, transaction.decided);
  }

  *#snapshot(): IterableIterator<TransactionChange> {
    for (const transaction of this.#byId.values()) {
      yield { kind: 'transaction', transaction: transaction.toStored() };
    }
  }
}
