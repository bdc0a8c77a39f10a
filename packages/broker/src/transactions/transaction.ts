import {
  assertTransition,
  type TransactionOutcome,
  type TransactionState,
} from './transaction-state.ts';

/** A producer id with one of its epochs. */
export type ProducerIdentity = { readonly producerId: number; readonly producerEpoch: number };

/** Stands for "no producer". */
export const NO_PRODUCER: ProducerIdentity = { producerId: -1, producerEpoch: -1 };

/** A transactional id as the journal has it. */
export type StoredTransaction = ProducerIdentity & {
  readonly transactionalId: string;
  /** Who had the id before the last InitProducerId that named it, or NO_PRODUCER's values. */
  readonly lastProducerId: number;
  readonly lastProducerEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  /** Partitions that may hold something of it, by topic id. */
  readonly partitions: readonly (readonly [topicId: string, partitions: readonly number[]])[];
  /** Groups that may have offsets of it staged. */
  readonly groups: readonly string[];
  /** Wall clock; -1 when there is no transaction. */
  readonly startedAtMs: number;
  readonly updatedAtMs: number;
};

/** Waits while the transaction ends; false if its markers cannot be written for now. */
export function isEnded(transaction: Transaction): Promise<boolean> | true {
  return (
    transaction.ending?.then(
      (isComplete) => isComplete,
      () => false,
    ) ?? true
  );
}

/** One transactional id: its producer and its present transaction. */
export class Transaction {
  readonly transactionalId: string;
  /** The producer whose requests are taken. */
  producer: ProducerIdentity;
  /** The producer that became `producer`, if it asked for that itself (KIP-360). */
  lastProducer: ProducerIdentity = NO_PRODUCER;
  timeoutMs: number;
  /** While it ends: resolves to whether all markers were written at the first try. */
  ending: Promise<boolean> | undefined;
  #state: TransactionState = 'Empty';
  #partitionsByTopic = new Map<string, Set<number>>();
  #groups = new Set<string>();
  #startedAtMs = -1;
  #updatedAtMs: number;

  constructor(of: {
    transactionalId: string;
    producer: ProducerIdentity;
    timeoutMs: number;
    nowMs: number;
  }) {
    this.transactionalId = of.transactionalId;
    this.producer = of.producer;
    this.timeoutMs = of.timeoutMs;
    this.#updatedAtMs = of.nowMs;
  }

  static restore(stored: StoredTransaction): Transaction {
    const { producerId, producerEpoch, lastProducerId, lastProducerEpoch } = stored;
    const { transactionalId, timeoutMs, updatedAtMs: nowMs } = stored;
    const producer = { producerId, producerEpoch };
    const transaction = new Transaction({ transactionalId, producer, timeoutMs, nowMs });
    transaction.lastProducer = { producerId: lastProducerId, producerEpoch: lastProducerEpoch };
    transaction.#state = stored.state;
    transaction.#partitionsByTopic = new Map(
      stored.partitions.map(([topicId, partitions]) => [topicId, new Set(partitions)]),
    );
    transaction.#groups = new Set(stored.groups);
    transaction.#startedAtMs = stored.startedAtMs;
    return transaction;
  }

  get state(): TransactionState {
    return this.#state;
  }

  /** The outcome that has been decided and is being carried out. */
  get decided(): TransactionOutcome | undefined {
    if (this.#state === 'PrepareCommit') return 'commit';
    return this.#state === 'PrepareAbort' ? 'abort' : undefined;
  }

  get groups(): ReadonlySet<string> {
    return this.#groups;
  }

  /** By topic id. */
  get partitions(): ReadonlyMap<string, ReadonlySet<number>> {
    return this.#partitionsByTopic;
  }

  /** Wall clock; -1 when there is no transaction. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get updatedAtMs(): number {
    return this.#updatedAtMs;
  }

  hasPartition(topicId: string, partition: number): boolean {
    return this.#partitionsByTopic.get(topicId)?.has(partition) ?? false;
  }

  /** Adds to the transaction, which begins if there is none. False if it had all of that already. */
  add(
    of: { partitions?: readonly { topicId: string; partition: number }[]; group?: string },
    nowMs: number,
  ): boolean {
    const { partitions = [], group } = of;
    const isKnown =
      this.#state === 'Ongoing' &&
      partitions.every(({ topicId, partition }) => this.hasPartition(topicId, partition)) &&
      (group === undefined || this.#groups.has(group));
    if (isKnown) return false;
    if (this.#state !== 'Ongoing') this.#startedAtMs = nowMs;
    this.#moveTo('Ongoing', nowMs);
    for (const { topicId, partition } of partitions) {
      const known = this.#partitionsByTopic.get(topicId) ?? new Set<number>();
      this.#partitionsByTopic.set(topicId, known.add(partition));
    }
    if (group !== undefined) this.#groups.add(group);
    return true;
  }

  decide(outcome: TransactionOutcome, nowMs: number): void {
    this.#moveTo(outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort', nowMs);
  }

  /** All markers are durable. */
  complete(nowMs: number): void {
    this.#moveTo(this.#state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort', nowMs);
    this.#partitionsByTopic.clear();
    this.#groups.clear();
  }

  /** Hands the id to the next producer, or to the same one in its next epoch. */
  handTo(next: { producer: ProducerIdentity; last: ProducerIdentity }, nowMs: number): void {
    this.producer = next.producer;
    this.lastProducer = next.last;
    this.#startedAtMs = -1;
    this.#moveTo('Empty', nowMs);
  }

  toStored(): StoredTransaction {
    return {
      transactionalId: this.transactionalId,
      producerId: this.producer.producerId,
      producerEpoch: this.producer.producerEpoch,
      lastProducerId: this.lastProducer.producerId,
      lastProducerEpoch: this.lastProducer.producerEpoch,
      timeoutMs: this.timeoutMs,
      state: this.#state,
      partitions: [...this.#partitionsByTopic].map(([topicId, known]) => [topicId, [...known]]),
      groups: [...this.#groups],
      startedAtMs: this.#startedAtMs,
      updatedAtMs: this.#updatedAtMs,
    };
  }

  #moveTo(state: TransactionState, nowMs: number): void {
    assertTransition(this.#state, state);
    this.#state = state;
    this.#updatedAtMs = nowMs;
  }
}
