import { assert, sleep } from '@chat-cluster/kernel';
import { LogError } from './log-error.ts';
import { isLost, MemoryBrokerError, refusalOf, toLogError } from './memory-broker-error.ts';
import type { MemoryBroker } from './memory-broker.ts';
import type { MemoryConnection } from './memory-connection.ts';
import type { MemoryApi } from './memory-network.ts';
import type { EndDirection } from './memory-partition.ts';
import { takeOverTransactionalId } from './memory-take-over.ts';
import type { ProducerIdentity } from './memory-transactions.ts';
import type { OutgoingRecord, TopicPartition } from './record.ts';
import type {
  Transaction,
  TransactionalProducer,
  TransactionalProducerOptions,
  TransactionResult,
} from './transactional-producer.ts';

type Ends = { readonly broker: MemoryBroker; readonly connection: MemoryConnection };

type Aborted = Extract<TransactionResult, { outcome: 'aborted' }>;
type Fenced = Extract<TransactionResult, { outcome: 'fenced' }>;

/** What came of the requests of one round. */
type Round<T> =
  | { readonly kind: 'answered'; readonly answers: readonly T[] }
  | { readonly kind: 'fenced'; readonly result: Fenced }
  | {
      readonly kind: 'failed';
      readonly result: Aborted;
      /** A request may still be under way: the epoch must be bumped before the next transaction. */
      readonly isAnswerLost: boolean;
    };

/** Takes the transactional id over and gives its producer. */
export async function openMemoryTransactionalProducer(
  ends: Ends,
  options: TransactionalProducerOptions,
): Promise<MemoryTransactionalProducer> {
  const { transactionalId, transactionTimeoutMs: timeoutMs = TRANSACTION_TIMEOUT_MS } = options;
  const identity = await takeOverTransactionalId(ends, { transactionalId, timeoutMs });
  return new MemoryTransactionalProducer(ends, transactionalId, identity);
}

/** The `TransactionalProducer` of a `MemoryLog`. */
export class MemoryTransactionalProducer implements TransactionalProducer {
  readonly #broker: MemoryBroker;
  readonly #connection: MemoryConnection;
  readonly #transactionalId: string;
  #identity: ProducerIdentity;
  /** The next sequence by partition, in the current epoch. */
  readonly #sequences = new Map<string, number>();
  #phase: 'idle' | 'committing' | 'fenced' | 'closed' = 'idle';
  /** A request of this epoch may still be under way. */
  #mustBump = false;

  constructor({ broker, connection }: Ends, transactionalId: string, identity: ProducerIdentity) {
    this.#broker = broker;
    this.#connection = connection;
    this.#transactionalId = transactionalId;
    this.#identity = identity;
  }

  async commit(transaction: Transaction, signal?: AbortSignal): Promise<TransactionResult> {
    assert(this.#phase !== 'committing', 'A transaction begins when the one before has ended.');
    assertOncePerPartition(transaction.writes);
    assertOncePerPartition(transaction.offsets);
    if (this.#isClosed) throw closed();
    if (this.#phase === 'fenced') return fenced('This producer was fenced before.');
    this.#phase = 'committing';
    const result = await this.#attempt(transaction, signal);
    if (this.#isClosed) throw closed();
    this.#phase = result.outcome === 'fenced' ? 'fenced' : 'idle';
    return result;
  }

  close(): Promise<void> {
    this.#phase = 'closed';
    return Promise.resolve();
  }

  get #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  async #attempt(transaction: Transaction, signal?: AbortSignal): Promise<TransactionResult> {
    if (signal?.aborted) return REQUESTED;
    if (transaction.writes.length === 0 && transaction.offsets.length === 0) {
      return { outcome: 'committed', baseOffsets: [] };
    }
    if ((await this.#bumpIfNeeded()) === 'fenced') return fenced(TAKEN_OVER);
    const added = await this.#addRound(transaction);
    if (added.kind !== 'answered') return this.#giveUp(added);
    if (signal?.aborted) return this.#abort(REQUESTED);
    const written = await this.#writeRound(transaction);
    if (written.kind !== 'answered') return this.#giveUp(written);
    if (signal?.aborted) return this.#abort(REQUESTED);
    const end = await this.#end('commit');
    if (end !== 'ended') return fenced(`The transaction's commit was refused: ${end}.`);
    return {
      outcome: 'committed',
      baseOffsets: written.answers.slice(0, transaction.writes.length),
    };
  }

  #addRound({ writes, offsets, groupId }: Transaction): Promise<Round<void>> {
    const broker = this.#broker;
    const transactionalId = this.#transactionalId;
    const identity = this.#identity;
    const requests: Promise<void>[] = [];
    if (writes.length > 0) {
      const add = (): void => broker.addPartitions(transactionalId, identity, writes);
      requests.push(this.#ask('AddPartitionsToTxn', add));
    }
    if (offsets.length > 0) {
      const add = (): void => broker.addOffsets(transactionalId, identity, groupId);
      requests.push(this.#ask('AddOffsetsToTxn', add));
    }
    return roundOf(requests);
  }

  #writeRound({ writes, groupId, generation, offsets }: Transaction): Promise<Round<number>> {
    const requests = writes.map((write) => this.#produce(write, write.records));
    if (offsets.length > 0) {
      const transactionalId = this.#transactionalId;
      const request = { transactionalId, identity: this.#identity, groupId, generation, offsets };
      const stage = (): number => {
        this.#broker.stageOffsets(request);
        return 0;
      };
      requests.push(this.#ask('TxnOffsetCommit', stage));
    }
    return roundOf(requests);
  }

  async #produce(to: TopicPartition, records: readonly OutgoingRecord[]): Promise<number> {
    const key = keyOf(to);
    const baseSequence = this.#sequences.get(key) ?? 0;
    const request = {
      to,
      records,
      stamp: { ...this.#identity, baseSequence },
      transactionalId: this.#transactionalId,
    };
    const offset = await this.#ask('Produce', () => this.#broker.produce(request));
    this.#sequences.set(key, baseSequence + records.length);
    return offset;
  }

  #giveUp(round: Exclude<Round<unknown>, { kind: 'answered' }>): Promise<TransactionResult> {
    if (round.kind === 'fenced') return Promise.resolve(round.result);
    if (round.isAnswerLost) this.#mustBump = true;
    return this.#abort(round.result);
  }

  async #abort(result: Aborted): Promise<TransactionResult> {
    if ((await this.#end('abort')) === 'fenced') return fenced(TAKEN_OVER);
    // At once: what comes late could begin a transaction that nobody ends.
    if ((await this.#bumpIfNeeded()) === 'fenced') return fenced(TAKEN_OVER);
    return result;
  }

  /**
   * EndTxn until it is answered, in the same direction: a lost answer is no answer. One that was asked for twice may come late, and would end the
   * next transaction: that needs another epoch.
   */
  async #end(direction: EndDirection): Promise<'ended' | 'nothing-open' | 'fenced'> {
    const identity = this.#identity; // of this request, whenever it arrives
    try {
      await this.#untilAnswered('EndTxn', () =>
        this.#broker.transactions.end(this.#transactionalId, identity, direction),
      );
      return 'ended';
    } catch (error) {
      if (refusalOf(error) === 'INVALID_TXN_STATE') return 'nothing-open';
      if (isFenced(error)) return 'fenced';
      throw error;
    }
  }

  /** With the current id and epoch: without them it would take the id back from whoever has fenced this producer. */
  async #bumpIfNeeded(): Promise<'done' | 'fenced'> {
    if (!this.#mustBump) return 'done';
    const transactionalId = this.#transactionalId;
    const expected = this.#identity;
    try {
      this.#identity = await this.#untilAnswered('InitProducerId', () =>
        this.#broker.transactions.initProducerId({ transactionalId, expected }),
      );
      this.#sequences.clear();
      this.#mustBump = false;
      return 'done';
    } catch (error) {
      if (isFenced(error)) return 'fenced';
      throw error;
    }
  }

  async #untilAnswered<T>(api: MemoryApi, handle: () => T): Promise<T> {
    for (;;) {
      try {
        return await this.#ask(api, handle);
      } catch (error) {
        if (!isLost(error)) throw error;
        this.#mustBump = true;
      }
      await this.#pause();
    }
  }

  /** Asks again while the coordinator is still ending the transaction before. */
  async #ask<T>(api: MemoryApi, handle: () => T): Promise<T> {
    for (;;) {
      try {
        return await this.#connection.call(api, handle);
      } catch (error) {
        if (refusalOf(error) !== 'CONCURRENT_TRANSACTIONS') throw error;
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await sleep(this.#broker.timers, RETRY_BACKOFF_MS);
    if (this.#isClosed) throw closed();
  }
}

/** Waits for every answer: what is still under way could land after the abort. */
async function roundOf<T>(requests: readonly Promise<T>[]): Promise<Round<T>> {
  const outcomes = await Promise.allSettled(requests);
  const answers: T[] = [];
  const errors: unknown[] = [];
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') answers.push(outcome.value);
    else errors.push(outcome.reason);
  }
  if (errors.length === 0) return { kind: 'answered', answers };
  const fencing = errors.find(isFenced);
  if (fencing) return { kind: 'fenced', result: fenced(String(fencing)) };
  const refusal = errors.find((error) => !isLost(error));
  const result = abortedBy(refusal ?? errors[0]);
  return { kind: 'failed', result, isAnswerLost: errors.some(isLost) };
}

function abortedBy(error: unknown): Aborted {
  const logError = toLogError(error);
  if (!(logError instanceof LogError) || logError.code === 'closed') throw error;
  return { outcome: 'aborted', reason: reasonOf(logError), message: logError.message };
}

function reasonOf({ code }: LogError): Aborted['reason'] {
  if (code === 'not-a-member' || code === 'rebalancing' || code === 'too-large') return code;
  return code === 'unavailable' ? 'unavailable' : 'refused';
}

function isFenced(error: unknown): error is MemoryBrokerError {
  const refusal = refusalOf(error);
  return refusal === 'PRODUCER_FENCED' || refusal === 'INVALID_PRODUCER_EPOCH';
}

function fenced(message: string): Fenced {
  return { outcome: 'fenced', message };
}

function closed(): LogError {
  return new LogError('closed', 'This producer was closed.');
}

function assertOncePerPartition(entries: readonly TopicPartition[]): void {
  assert(
    new Set(entries.map(keyOf)).size === entries.length,
    'A transaction names each partition once.',
  );
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

const TAKEN_OVER = 'The transactional id was taken over meanwhile.';
const REQUESTED: Aborted = {
  outcome: 'aborted',
  reason: 'requested',
  message: 'The signal fired before the transaction was committed.',
};
const TRANSACTION_TIMEOUT_MS = 10_000;
const RETRY_BACKOFF_MS = 5;
