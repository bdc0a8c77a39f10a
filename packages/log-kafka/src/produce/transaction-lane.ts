import {
  addOffsetsToTxnV4,
  addPartitionsToTxnV3,
  endTxnV4,
  initProducerIdV5,
} from '@platformatic/kafka';
import type { Transaction } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { kafkaError, logErrorOf } from '../connections/kafka-errors.ts';
import { isPassing } from '../connections/retry-passing.ts';
import { byTopic } from './by-topic.ts';
import { PartitionSequences } from './partition-sequences.ts';
import { type CoordinatorRequest, TransactionCoordinator } from './transaction-coordinator.ts';
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
  readonly #coordinator: TransactionCoordinator;
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
    this.#coordinator = new TransactionCoordinator({
      ...options,
      onLost: () => this.bumpBeforeNext(),
    });
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
   * Ends the transaction, and asks again until that is answered. An end that was asked for twice may come late, and would
   * end the next transaction: that gets another epoch.
   *
   * @returns `unknown` when this producer was fenced, or nothing answered for END_GIVE_UP_MS
   */
  async end(direction: 'commit' | 'abort'): Promise<'ended' | 'unknown'> {
    const isCommit = direction === 'commit';
    try {
      const { errorCode } = await this.#coordinator.ask({
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
    const answer = await this.#coordinator.ask({
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
    this.#mustBump = false; // a late copy of this request can abort what comes next, but commit nothing
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
      const answer = await this.#coordinator.ask({
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
}

/** An open transaction of an earlier holder is aborted within this time, or its coordinator is in trouble. */
const INIT_TIMEOUT_MS = 30_000;
/** By then the coordinator has long timed out the transaction; what became of it is found out by taking over anew. */
const END_GIVE_UP_MS = 60_000;

/** Of several codes, one that is not a mere consequence of another. */
function firstError(codes: readonly number[]): number {
  const errors = codes.filter((code) => code !== kafkaError.none);
  return errors.find((code) => code !== kafkaError.operationNotAttempted) ?? errors[0] ?? 0;
}
