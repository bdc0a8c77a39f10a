import type { TransactionOutcome } from './transaction-state.ts';
import type { ProducerIdentity } from './transaction.ts';

/** A partition by its topic's id: a topic that is made again under its name is another one. */
export type PartitionId = { readonly topicId: string; readonly partition: number };

/** What the transaction coordinator asks of topics and partitions. */
export interface TransactionPartitions {
  /** The id of a topic that has this partition. */
  topicIdOf(topic: string, partition: number): string | undefined;
  topicNameOf(topicId: string): string | undefined;
  /**
   * Appends the marker if this producer's transaction is open on the partition, else does nothing;
   * the batches of the transaction must not be open any more when this returns.
   *
   * @returns resolved when the marker, or one that ended the transaction before, is durable; also
   *   when the partition is gone
   * @throws (rejects) when the marker could not be written; may be tried again
   */
  endTransaction(
    partition: PartitionId,
    marker: ProducerIdentity & { outcome: TransactionOutcome; timestampMs: number },
  ): Promise<void>;
  /** Every transaction that is open on a partition, as the partitions know it. */
  openTransactions(): Iterable<PartitionId & ProducerIdentity>;
}
