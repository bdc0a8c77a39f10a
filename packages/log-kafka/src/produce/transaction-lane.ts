import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  type API,
  endTxnV4,
  initProducerIdV5,
} from '@platformatic/kafka';
import { sleep } from '@chat-cluster/kernel';
import { LogError, type Transaction } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import {
  isCoordinatorMoving,
  kafkaError,
  kafkaErrorName,
  logErrorOf,
} from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs } from '../connections/retry-passing.ts';
import { byTopic } from './by-topic.ts';
import { PartitionSequences } from './partition-sequences.ts';
import {
  faultOfCode,
  faultOfFailure,
  type TransactionFault,
  worstOf,
} from './transaction-fault.ts';

/**
 * One transactional id and what its coordinator knows of it: producer id and epoch. Its transactions come one after
 * the other.
 */
export class TransactionLane {
  readonly transactionalId: string;
  /** Sequences of this epoch. */
  readonly sequences = new PartitionSequences();
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #transactionTimeoutMs: number;
  #producerId = -1n;
  #producerEpoch = -1;
  #mustBump = false;

  constructor(options: {
    readonly transactionalId: string;
    readonly context: AdapterContext;
    readonly cluster: Cluster;
    /** To coordinators. */
    readonly connections: BrokerConnections;
    readonly transactionTimeoutMs: number;
  }) {
    this.transactionalId = options.transactionalId;
    this.#context = options.context;
    this.#cluster = options.cluster;
    this.#connections = options.connections;
    this.#transactionTimeoutMs = options.transactionTimeoutMs;
  }

  get producerId(): bigint {
    return this.#producerId;
  }

  get producerEpoch(): number {
    return this.#producerEpoch;
  }

  /** The next transaction must have another epoch. */
  bumpBeforeNext(): void {
    this.#mustBump = true;
  }

  /**
   * Asks for a producer id as a new holder of the transactional id: every earlier holder is fenced, and its open
   * transaction is aborted.
   *
   * @throws LogError
   */
  async open(): Promise<void> {
    await this.#initProducerId({ producerId: -1n, producerEpoch: -1 });
  }

  /**
   * Goes on to another epoch if a lost answer asks for it, as the same holder: with the current id and epoch, so that one
   * that was fenced meanwhile stays fenced.
   *
   * @throws LogError `fenced`, `unavailable`
   */
  async bumpIfNeeded(): Promise<void> {
    if (!this.#mustBump) return;
    await this.#initProducerId({
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
    });
    this.#mustBump = false;
    this.#context.report({
      kind: 'epoch-bumped',
      message: `${this.transactionalId} goes on with epoch ${this.#producerEpoch}.`,
    });
  }

  /** The first round: tells the coordinator the partitions and the group. Both requests go out at once. */
  async begin(
    transaction: Transaction,
    signal: AbortSignal | undefined,
  ): Promise<TransactionFault | undefined> {
    const faults = await Promise.all([
      this.#addPartitions(transaction, signal),
      this.#addOffsets(transaction, signal),
    ]);
    return worstOf(faults.filter((fault) => fault !== undefined));
  }

  /**
   * Ends the transaction, and asks again until that is answered.
   *
   * @returns `unknown` when this producer was fenced, or nothing answered for END_GIVE_UP_MS
   */
  async end(direction: 'commit' | 'abort'): Promise<'ended' | 'unknown'> {
    const isCommit = direction === 'commit';
    try {
      const { errorCode } = await this.#askCoordinator({
        api: endTxnV4.api,
        args: [this.transactionalId, this.#producerId, this.#producerEpoch, isCommit],
        codeOf: (answer) => answer.errorCode,
        whenLost: 'repeat',
        timeoutMs: END_GIVE_UP_MS,
      });
      if (errorCode === kafkaError.none) return 'ended';
      // Nothing is open: the transaction never began.
      if (!isCommit && errorCode === kafkaError.invalidTxnState) return 'ended';
      return 'unknown';
    } catch (error) {
      if (isPassing(error)) return 'unknown';
      throw error;
    }
  }

  async #initProducerId(holder: { producerId: bigint; producerEpoch: number }): Promise<void> {
    const answer = await this.#askCoordinator({
      api: initProducerIdV5.api,
      args: [
        this.transactionalId,
        this.#transactionTimeoutMs,
        holder.producerId,
        holder.producerEpoch,
      ],
      codeOf: ({ errorCode }) => errorCode,
      whenLost: 'repeat',
      timeoutMs: INIT_TIMEOUT_MS,
    });
    if (answer.errorCode !== kafkaError.none) {
      throw logErrorOf(answer.errorCode, `Asking for a producer id of ${this.transactionalId}`);
    }
    this.#producerId = answer.producerId;
    this.#producerEpoch = answer.producerEpoch;
    this.sequences.clear();
  }

  async #addPartitions(
    { writes }: Transaction,
    signal: AbortSignal | undefined,
  ): Promise<TransactionFault | undefined> {
    if (writes.length === 0) return undefined;
    const topics = byTopic(writes).map(([name, entries]) => ({
      name,
      partitions: entries.map(({ partition }) => partition),
    }));
    return this.#join({
      api: addPartitionsToTxnV3.api,
      args: [
        [
          {
            transactionalId: this.transactionalId,
            producerId: this.#producerId,
            producerEpoch: this.#producerEpoch,
            verifyOnly: false,
            topics,
          },
        ],
      ],
      codeOf: (answer) => {
        const codes = answer.resultsByTransaction.flatMap(({ topicResults }) =>
          topicResults.flatMap(({ resultsByPartition }) =>
            resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
          ),
        );
        return firstError(codes);
      },
      signal,
      what: 'Adding partitions to the transaction',
    });
  }

  async #addOffsets(
    { groupId, offsets }: Transaction,
    signal: AbortSignal | undefined,
  ): Promise<TransactionFault | undefined> {
    if (offsets.length === 0) return undefined;
    return this.#join({
      api: addOffsetsToTxnV4.api,
      args: [this.transactionalId, this.#producerId, this.#producerEpoch, groupId],
      codeOf: ({ errorCode }) => errorCode,
      signal,
      what: 'Adding the group to the transaction',
    });
  }

  async #join<Arguments extends unknown[], Answer>(
    request: Pick<CoordinatorRequest<Arguments, Answer>, 'api' | 'args' | 'codeOf'> & {
      readonly signal: AbortSignal | undefined;
      readonly what: string;
    },
  ): Promise<TransactionFault | undefined> {
    try {
      const answer = await this.#askCoordinator({
        ...request,
        whenLost: 'fail',
        timeoutMs: this.#transactionTimeoutMs,
      });
      const errorCode = request.codeOf(answer);
      return errorCode === kafkaError.none ? undefined : faultOfCode(errorCode, request.what);
    } catch (error) {
      return faultOfFailure(error);
    }
  }

  /**
   * Asks this id's coordinator: waits out the markers of its previous transaction, and follows the coordinator when it
   * moves. Other error codes are left in the answer.
   *
   * @throws LogError `unavailable` when the time is up, or the answer is lost and must not be asked for again; `closed`
   */
  async #askCoordinator<Arguments extends unknown[], Answer>(
    request: CoordinatorRequest<Arguments, Answer>,
  ): Promise<Answer> {
    const { clock, timers } = this.#context;
    const endMs = clock.monotonicMs() + request.timeoutMs;
    for (let failures = 0; ;) {
      let trouble: unknown;
      try {
        const node = await this.#cluster.coordinatorOf('transaction', this.transactionalId);
        const connection = await this.#connections.get(node);
        const answer = await connection.call(request.api, ...request.args);
        const errorCode = request.codeOf(answer);
        const isConcurrent = errorCode === kafkaError.concurrentTransactions;
        if (!isConcurrent && !isCoordinatorMoving(errorCode)) return answer;
        trouble = new LogError('unavailable', `The coordinator said ${kafkaErrorName(errorCode)}.`);
        if (isConcurrent && request.signal?.aborted !== true && clock.monotonicMs() < endMs) {
          await sleep(timers, CONCURRENT_WAIT_MS);
          continue;
        }
      } catch (error) {
        if (!isPassing(error) || request.whenLost === 'fail') throw error;
        trouble = error;
      }
      failures += 1;
      this.#cluster.forgetCoordinator('transaction', this.transactionalId);
      if (clock.monotonicMs() >= endMs || request.signal?.aborted === true) throw trouble;
      this.#context.report({
        kind: 'end-retried',
        message: `The coordinator of ${this.transactionalId} is asked again.`,
        cause: trouble,
      });
      await sleep(timers, retryBackoffMs(failures));
    }
  }
}

type CoordinatorRequest<Arguments extends unknown[], Answer> = {
  readonly api: API<Arguments, Answer>;
  readonly args: Arguments;
  readonly codeOf: (answer: Answer) => number;
  /** Whether a request whose answer was lost may be sent again. */
  readonly whenLost: 'repeat' | 'fail';
  readonly timeoutMs: number;
  /** Once it fires, waiting ends. */
  readonly signal?: AbortSignal | undefined;
};

/** The markers of a transaction are written within a few of these. */
const CONCURRENT_WAIT_MS = 1;
/** An open transaction of an earlier holder is aborted within this time, or its coordinator is in trouble. */
const INIT_TIMEOUT_MS = 30_000;
/** By then the coordinator has long timed out the transaction; what became of it is found out by taking over anew. */
const END_GIVE_UP_MS = 60_000;

/** Of several codes, one that is not a mere consequence of another. */
function firstError(codes: readonly number[]): number {
  const errors = codes.filter((code) => code !== kafkaError.none);
  return errors.find((code) => code !== kafkaError.operationNotAttempted) ?? errors[0] ?? 0;
}
