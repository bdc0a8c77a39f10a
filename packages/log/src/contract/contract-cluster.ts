import type { Generation } from '../group-member.ts';
import type { Log } from '../log.ts';
import type { OutgoingRecord, TopicPartition } from '../record.ts';
import type { OffsetCommit } from '../transactional-producer.ts';
import type { ContractCase } from './contract-case.ts';

/** What the contract tests need of a cluster beside the port that they test. */
export type LogContractCluster = {
  /** The shortest session time-out that the cluster accepts: some tests wait for one to pass. Kafka's default is 6,000. */
  readonly sessionTimeoutMsMin: number;
  /** The ids that a `TransactionalProducer` of this one really writes with: more than one where the adapter takes turns. */
  transactionalIdsOf(transactionalId: string): readonly string[];
  /** Drops all connections of one of its logs, now: answers that are under way are lost. */
  readonly breakConnections?: (log: Log) => void;
  /** A new client of the cluster, as another process would have. The tests close it. */
  openLog(): Log;
  /** Resolves when the topic is gone. */
  deleteTopic(topic: string): Promise<void>;
  /** DeleteRecords: moves the start of a partition to `offsetBefore`. */
  deleteRecords(at: TopicPartition & { readonly offsetBefore: number }): Promise<void>;
  /**
   * Begins a transaction that the test itself ends, which a `TransactionalProducer` never leaves open: InitProducerId without an id and epoch, with another
   * client than the one under test where that is possible.
   */
  holdTransaction(options: {
    readonly transactionalId: string;
    readonly transactionTimeoutMs: number;
  }): Promise<HeldTransaction>;
  close(): Promise<void>;
};

/** An open transaction. After its end, the next call begins another one of the same producer and epoch. */
export type HeldTransaction = {
  /** AddPartitionsToTxn and Produce of one batch; resolves with the offset of its first record. */
  write(to: TopicPartition, records: readonly OutgoingRecord[]): Promise<number>;
  /** AddOffsetsToTxn and TxnOffsetCommit; without a generation as a client outside of the group. */
  stageOffsets(staged: {
    readonly groupId: string;
    readonly generation?: Generation;
    readonly offsets: readonly OffsetCommit[];
  }): Promise<void>;
  /** EndTxn; resolves when the markers are written: read_committed readers see the end. Rejects when the producer has been fenced. */
  end(direction: 'commit' | 'abort'): Promise<void>;
};

/** Registers one test of the contract. */
export type ContractTest = (
  name: string,
  body: (contractCase: ContractCase) => Promise<void>,
) => void;
