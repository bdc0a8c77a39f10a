import type { Cancel, Clock, Timers } from '@chat-cluster/kernel';
import type {
  GroupOffsets,
  OffsetCommitRequest,
  OffsetCommitResult,
} from '../groups/group-offsets.ts';
import type {
  TransactionalAppend,
  TransactionVerifier,
} from '../partitions/transaction-verifier.ts';
import type { StateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { ProducerIds } from './producer-ids.ts';
import { initFailed, ProducerInitialization } from './producer-initialization.ts';
import type { ProducerInitRequest, ProducerInitResult } from './producer-initialization.ts';
import { TransactionEnding } from './transaction-ending.ts';
import { TRANSACTION_DEFAULTS, type TransactionOptions } from './transaction-options.ts';
import type { PartitionId, TransactionPartitions } from './transaction-partitions.ts';
import { recoverTransactions } from './transaction-recovery.ts';
import { TransactionRegistry } from './transaction-registry.ts';
import type { TransactionOutcome } from './transaction-state.ts';
import { TransactionTimeouts } from './transaction-timeouts.ts';
import { isEnded, NO_PRODUCER, type ProducerIdentity, type Transaction } from './transaction.ts';

export type TransactionCoordinatorOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** The coordinator registers its sections, after the groups have theirs. */
  readonly journal: StateJournal;
  readonly partitions: TransactionPartitions;
  readonly offsets: GroupOffsets;
  /** Default: TRANSACTION_DEFAULTS. */
  readonly options?: Partial<TransactionOptions>;
};

/** Who a request of a transactional producer says it comes from. */
export type TransactionRequest = ProducerIdentity & { readonly transactionalId: string };

/** One code for all partitions, or one for each of the request's, in its order. */
export type AddPartitionsResult = ErrorCode | readonly ErrorCode[];

/**
 * The coordinator of all transactions of this broker, for the handlers of the APIs, and the judge of
 * transactional appends. `docs/transactions.md` says what each request does in each state, what must
 * be durable when, and why a restart is right.
 *
 * What a method does before it waits it does in the turn of the call, so requests that were pipelined
 * on one connection take effect in their order.
 */
export class TransactionCoordinator implements TransactionVerifier {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #journal: StateJournal;
  readonly #partitions: TransactionPartitions;
  readonly #offsets: GroupOffsets;
  readonly #options: TransactionOptions;
  readonly #registry: TransactionRegistry;
  readonly #producerIds: ProducerIds;
  readonly #timeouts: TransactionTimeouts;
  readonly #ending: TransactionEnding;
  readonly #initialization: ProducerInitialization;
  #cancelSweep: Cancel = () => {};

  constructor(of: TransactionCoordinatorOptions) {
    const { clock, timers, journal, partitions, offsets } = of;
    const options = { ...TRANSACTION_DEFAULTS, ...of.options };
    const endGroup = (group: string, producerId: number, outcome: TransactionOutcome) =>
      offsets.endTransaction(group, producerId, outcome);
    const onTimeout = (transaction: Transaction) => this.#abort(transaction);
    const timeouts = new TransactionTimeouts({ clock, timers, onTimeout });
    const producerIds = new ProducerIds(journal);
    const registry = new TransactionRegistry({
      journal,
      onDecided: ({ groups, producer }, outcome) => {
        for (const group of groups) endGroup(group, producer.producerId, outcome);
      },
    });
    const { section } = registry;
    const ending = new TransactionEnding({
      ...{ clock, timers, journal, section, partitions, timeouts },
      endGroupTransaction: endGroup,
    });
    this.#clock = clock;
    this.#timers = timers;
    this.#journal = journal;
    this.#partitions = partitions;
    this.#offsets = offsets;
    this.#options = options;
    this.#registry = registry;
    this.#producerIds = producerIds;
    this.#timeouts = timeouts;
    this.#ending = ending;
    this.#initialization = new ProducerInitialization({
      ...{ clock, journal, registry, producerIds, ending, options },
    });
  }

  /**
   * Finishes what an earlier run left half done, then starts the clocks. After the journal was opened
   * and the partitions have recovered, before the first request is served.
   */
  async start(): Promise<void> {
    await recoverTransactions({
      registry: this.#registry,
      ending: this.#ending,
      partitions: this.#partitions,
      clock: this.#clock,
    });
    for (const transaction of this.#registry.all()) {
      if (transaction.state === 'Ongoing') this.#timeouts.start(transaction);
    }
    this.#sweepLater();
  }

  /** Stops all timers. Before the journal is closed. */
  close(): void {
    this.#cancelSweep();
    this.#timeouts.close();
    this.#ending.close();
  }

  /** All transactional ids, for ListTransactions. */
  all(): IterableIterator<Transaction> {
    return this.#registry.all();
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#registry.get(transactionalId);
  }

  /** The partitions of a transaction, by the names of their topics. */
  topicsOf(transaction: Transaction): { topic: string; partitions: number[] }[] {
    return [...transaction.partitions].flatMap(([topicId, partitions]) => {
      const topic = this.#partitions.topicNameOf(topicId);
      return topic === undefined ? [] : [{ topic, partitions: [...partitions] }];
    });
  }

  /** A batch is taken only if its transaction is open, on its partition, in its epoch. */
  verify({ producerId, producerEpoch, topicId, partition }: TransactionalAppend): ErrorCode {
    const transaction = this.#registry.ofProducer(producerId);
    if (transaction === undefined) return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    if (transaction.producer.producerEpoch !== producerEpoch) {
      return ErrorCode.INVALID_PRODUCER_EPOCH;
    }
    const isOpen = transaction.state === 'Ongoing' && transaction.hasPartition(topicId, partition);
    return isOpen ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
  }

  /** Gives a producer that is idempotent, and no more, an id of its own. */
  newProducer(): Promise<ProducerInitResult> {
    return this.#producerIds.next().then(
      (producerId) => ({ errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 }),
      () => initFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE),
    );
  }

  /** Gives a transactional producer its id and epoch; answers when what it took over has ended. */
  initProducer(request: ProducerInitRequest): Promise<ProducerInitResult> {
    return this.#initialization
      .init(request)
      .catch(() => initFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE));
  }

  /** Adds partitions to the transaction, all or none; it begins if there is none. */
  addPartitions(
    request: TransactionRequest,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<AddPartitionsResult> {
    const found: PartitionId[] = [];
    const codes = partitions.map(({ topic, partition }) => {
      const topicId = this.#partitions.topicIdOf(topic, partition);
      if (topicId === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      found.push({ topicId, partition });
      return ErrorCode.OPERATION_NOT_ATTEMPTED;
    });
    if (found.length < partitions.length) return Promise.resolve(codes);
    return this.#inTurn(request, (transaction) => this.#add(transaction, { partitions: found }));
  }

  /** Adds a group whose offsets the transaction will carry; it begins if there is none. */
  addGroup(request: TransactionRequest, group: string): Promise<ErrorCode> {
    return this.#inTurn(request, (transaction) => this.#add(transaction, { group }));
  }

  /** Stages offsets in a group of the transaction. */
  async commitOffsets(
    request: TransactionRequest & OffsetCommitRequest,
  ): Promise<OffsetCommitResult> {
    const found = this.#find(request);
    if (typeof found === 'number') return found;
    const isOpen = found.state === 'Ongoing' && found.groups.has(request.groupId);
    return isOpen ? this.#offsets.stage(request) : ErrorCode.INVALID_TXN_STATE;
  }

  /** Commits or aborts; answers when all of it is durable. Again, same direction: the same answer. */
  async end(request: TransactionRequest, outcome: TransactionOutcome): Promise<ErrorCode> {
    const found = this.#find(request);
    if (typeof found === 'number') return found;
    if (found.decided && found.decided !== outcome) return ErrorCode.INVALID_TXN_STATE;
    if (found.state === 'Ongoing') void this.#ending.end(found, outcome);
    try {
      if (found.ending && !(await found.ending)) return ErrorCode.CONCURRENT_TRANSACTIONS;
    } catch {
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    }
    const wanted = outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort';
    return found.state === wanted ? ErrorCode.NONE : ErrorCode.INVALID_TXN_STATE;
  }

  /** The transaction behind a request, or why the request is refused. */
  #find({
    transactionalId,
    producerId,
    producerEpoch,
  }: TransactionRequest): Transaction | ErrorCode {
    const transaction = this.#registry.get(transactionalId);
    if (transaction?.producer.producerId !== producerId) {
      return ErrorCode.INVALID_PRODUCER_ID_MAPPING;
    }
    const isCurrent = transaction.producer.producerEpoch === producerEpoch;
    return isCurrent ? transaction : ErrorCode.PRODUCER_FENCED;
  }

  /** Changes the transaction: at once, or when the one before has ended. */
  async #inTurn<Result>(
    request: TransactionRequest,
    change: (transaction: Transaction) => Promise<Result> | Result,
  ): Promise<Result | ErrorCode> {
    let found = this.#find(request);
    if (typeof found !== 'number' && found.decided) {
      if (!(await isEnded(found))) return ErrorCode.CONCURRENT_TRANSACTIONS;
      found = this.#find(request);
    }
    if (typeof found === 'number') return found;
    if (this.#journal.isFull) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    return found.decided ? ErrorCode.CONCURRENT_TRANSACTIONS : change(found);
  }

  async #add(
    transaction: Transaction,
    of: { partitions?: readonly PartitionId[]; group?: string },
  ): Promise<ErrorCode> {
    const wasOngoing = transaction.state === 'Ongoing';
    const isNews = transaction.add(of, this.#clock.wallMs());
    if (!wasOngoing) this.#timeouts.start(transaction);
    if (this.#journal.precedesPartitions) {
      // A batch is durable only after this record, and nobody needs it before.
      if (isNews) this.#registry.storeLazily(transaction);
      return ErrorCode.NONE;
    }
    const durable = isNews ? this.#registry.store(transaction) : this.#journal.durable();
    return durable.then(
      () => ErrorCode.NONE,
      () => ErrorCode.COORDINATOR_NOT_AVAILABLE,
    );
  }

  #abort(transaction: Transaction): void {
    if (transaction.state !== 'Ongoing') return;
    void this.#ending.abortAndFence(transaction, NO_PRODUCER);
  }

  #sweepLater(): void {
    const { expiryCheckIntervalMs, idExpirationMs } = this.#options;
    this.#cancelSweep = this.#timers.after(expiryCheckIntervalMs, () => {
      const expiredBeforeMs = this.#clock.wallMs() - idExpirationMs;
      for (const transaction of [...this.#registry.all()]) {
        const isIdle = transaction.state !== 'Ongoing' && !transaction.decided;
        if (isIdle && transaction.updatedAtMs < expiredBeforeMs) this.#registry.forget(transaction);
      }
      this.#sweepLater();
    });
  }
}
