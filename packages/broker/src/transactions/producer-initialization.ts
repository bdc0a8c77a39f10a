import type { Clock } from '@chat-cluster/kernel';
import type { StateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import type { ProducerIds } from './producer-ids.ts';
import { nextEpoch, succeedProducer } from './producer-succession.ts';
import type { TransactionEnding } from './transaction-ending.ts';
import type { TransactionOptions } from './transaction-options.ts';
import type { TransactionRegistry } from './transaction-registry.ts';
import { isEnded, NO_PRODUCER, Transaction, type ProducerIdentity } from './transaction.ts';

/** An InitProducerId of a transactional producer. */
export type ProducerInitRequest = {
  readonly transactionalId: string;
  readonly timeoutMs: number;
  /** The id and epoch that the producer has already, NO_PRODUCER if none. */
  readonly claimed: ProducerIdentity;
};

/** The answer to InitProducerId; NO_PRODUCER's values with an error. */
export type ProducerInitResult = ProducerIdentity & { readonly errorCode: ErrorCode };

/** Hands transactional ids to producers; fences whoever had one, and ends what it left open. */
export class ProducerInitialization {
  readonly #clock: Clock;
  readonly #journal: StateJournal;
  readonly #registry: TransactionRegistry;
  readonly #producerIds: ProducerIds;
  readonly #ending: TransactionEnding;
  readonly #options: TransactionOptions;

  constructor(of: {
    clock: Clock;
    journal: StateJournal;
    registry: TransactionRegistry;
    producerIds: ProducerIds;
    ending: TransactionEnding;
    options: TransactionOptions;
  }) {
    this.#clock = of.clock;
    this.#journal = of.journal;
    this.#registry = of.registry;
    this.#producerIds = of.producerIds;
    this.#ending = of.ending;
    this.#options = of.options;
  }

  /** @throws (rejects) JournalError */
  async init(request: ProducerInitRequest): Promise<ProducerInitResult> {
    const { transactionalId, timeoutMs, claimed } = request;
    const isTimeoutValid = timeoutMs > 0 && timeoutMs <= this.#options.timeoutMsMax;
    if (!isTimeoutValid) return initFailed(ErrorCode.INVALID_TRANSACTION_TIMEOUT);
    if (this.#journal.isFull) return initFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    const ending = this.#registry.get(transactionalId);
    if (ending && !(await isEnded(ending))) return initFailed(ErrorCode.CONCURRENT_TRANSACTIONS);
    const transaction = this.#registry.get(transactionalId);
    if (transaction === undefined) return this.#create(request);
    if (transaction.decided) return initFailed(ErrorCode.CONCURRENT_TRANSACTIONS);
    const { producer: current, lastProducer: last } = transaction;
    const succession = succeedProducer({ current, last, claimed });
    if (succession.kind === 'fenced') return initFailed(ErrorCode.PRODUCER_FENCED);
    if (succession.kind === 'unchanged') {
      await this.#journal.durable();
      return initialized(current);
    }
    transaction.timeoutMs = timeoutMs;
    return this.#succeed(transaction, succession.last);
  }

  async #create(request: ProducerInitRequest): Promise<ProducerInitResult> {
    const { transactionalId, timeoutMs } = request;
    if (this.#registry.count >= this.#options.idCountMax) {
      return initFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
    const producer = { producerId: await this.#producerIds.next(), producerEpoch: 0 };
    // Somebody else may have made it meanwhile; then that is the producer to succeed.
    if (this.#registry.get(transactionalId)) return this.init(request);
    const nowMs = this.#clock.wallMs();
    await this.#registry.store(new Transaction({ transactionalId, producer, timeoutMs, nowMs }));
    return initialized(producer);
  }

  async #succeed(transaction: Transaction, last: ProducerIdentity): Promise<ProducerInitResult> {
    if (transaction.state === 'Ongoing') {
      const ended = this.#ending.abortAndFence(transaction, last);
      const fencedBy = transaction.producer;
      if (!(await ended)) return initFailed(ErrorCode.CONCURRENT_TRANSACTIONS);
      if (!isIdle(transaction, fencedBy)) return initFailed(ErrorCode.CONCURRENT_TRANSACTIONS);
    }
    // The epoch that fenced the producer before has ended its transaction: it is nobody's.
    const producer = nextEpoch(transaction.producer);
    if (producer === undefined) return this.#renew(transaction, last);
    transaction.handTo({ producer, last }, this.#clock.wallMs());
    await this.#registry.store(transaction);
    return initialized(producer);
  }

  /** Gives the transactional id a new producer id. */
  async #renew(transaction: Transaction, last: ProducerIdentity): Promise<ProducerInitResult> {
    const before = transaction.producer;
    const producer = { producerId: await this.#producerIds.next(), producerEpoch: 0 };
    if (!isIdle(transaction, before)) return initFailed(ErrorCode.CONCURRENT_TRANSACTIONS);
    transaction.handTo({ producer, last }, this.#clock.wallMs());
    await this.#registry.store(transaction, { insteadOfProducerId: before.producerId });
    return initialized(producer);
  }
}

/** Whether nothing has happened to the transactional id since this producer had it, and nothing is open. */
function isIdle(transaction: Transaction, producer: ProducerIdentity): boolean {
  const isSame = transaction.producer === producer;
  return isSame && !transaction.decided && transaction.state !== 'Ongoing';
}

/** The answer of an InitProducerId that failed. */
export function initFailed(errorCode: ErrorCode): ProducerInitResult {
  return { errorCode, ...NO_PRODUCER };
}

function initialized(producer: ProducerIdentity): ProducerInitResult {
  return { errorCode: ErrorCode.NONE, ...producer };
}
