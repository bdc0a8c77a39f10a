import { txnOffsetCommitV4 } from '@platformatic/kafka';
import { sleep } from '@chat-cluster/kernel';
import type { Transaction } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { isCoordinatorMoving, kafkaError } from '../connections/kafka-errors.ts';
import { retryBackoffMs } from '../connections/retry-passing.ts';
import { byTopic } from './by-topic.ts';
import { faultOfCode, faultOfFailure, type TransactionFault } from './transaction-fault.ts';
import type { TransactionLane } from './transaction-lane.ts';

/**
 * The input offsets of a transaction: all in one TxnOffsetCommit, with the generation that the owner names, so that the
 * group coordinator refuses them from whoever is no longer a member.
 */
export class TransactionOffsets {
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  /** To group coordinators. */
  readonly #connections: BrokerConnections;

  constructor(options: {
    readonly context: AdapterContext;
    readonly cluster: Cluster;
    readonly connections: BrokerConnections;
  }) {
    this.#context = options.context;
    this.#cluster = options.cluster;
    this.#connections = options.connections;
  }

  async send(
    lane: TransactionLane,
    transaction: Transaction,
  ): Promise<TransactionFault | undefined> {
    if (transaction.offsets.length === 0) return undefined;
    try {
      const errorCode = await this.#commit(lane, transaction);
      if (errorCode === kafkaError.none) return undefined;
      return faultOfCode(errorCode, `Committing offsets of group ${transaction.groupId}`);
    } catch (error) {
      // It may be dead: the next transaction asks where the group is now.
      this.#cluster.forgetCoordinator('group', transaction.groupId);
      return faultOfFailure(error);
    }
  }

  /**
   * A coordinator that is moving has committed nothing: the request is repeated where it went. One that says that it is
   * loading may only have had its question about this transaction crowded out by a leader's; see TransactionWrites.
   */
  async #commit(lane: TransactionLane, transaction: Transaction): Promise<number> {
    const { groupId } = transaction;
    for (let attempt = 1; ; attempt += 1) {
      const node = await this.#cluster.coordinatorOf('group', groupId);
      const connection = await this.#connections.get(node);
      const answer = await connection.call(txnOffsetCommitV4.api, ...requestOf(lane, transaction));
      const codes = answer.topics.flatMap(({ partitions }) =>
        partitions.map(({ errorCode }) => errorCode),
      );
      const errorCode = codes.find((code) => code !== kafkaError.none) ?? kafkaError.none;
      if (!isCoordinatorMoving(errorCode) || attempt >= ATTEMPTS_MAX) return errorCode;
      const isLoading = errorCode === kafkaError.coordinatorLoadInProgress;
      if (!isLoading) this.#cluster.forgetCoordinator('group', groupId);
      await sleep(
        this.#context.timers,
        isLoading ? LOADING_WAIT_MS * attempt : retryBackoffMs(attempt),
      );
    }
  }
}

/** About a second and a half: a coordinator has moved by then, or the transaction had better be aborted. */
const ATTEMPTS_MAX = 10;
const LOADING_WAIT_MS = 1;

function requestOf(
  lane: TransactionLane,
  { groupId, generation, offsets }: Transaction,
): Parameters<typeof txnOffsetCommitV4.createRequest> {
  const topics = byTopic(offsets).map(([name, entries]) => ({
    name,
    partitions: entries.map(({ partition, offsetNext, metadata }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offsetNext),
      committedLeaderEpoch: UNKNOWN_EPOCH,
      committedMetadata: metadata,
    })),
  }));
  return [
    lane.transactionalId,
    groupId,
    lane.producerId,
    lane.producerEpoch,
    generation.generationId,
    generation.memberId,
    NO_INSTANCE_ID,
    topics,
  ];
}

const UNKNOWN_EPOCH = -1;
const NO_INSTANCE_ID = null;
