import type { Partition } from '../partitions/partition.ts';
import type { Topics } from '../topics/topics.ts';
import type { PartitionId, TransactionPartitions } from './transaction-partitions.ts';
import type { TransactionOutcome } from './transaction-state.ts';
import type { ProducerIdentity } from './transaction.ts';

/** There is one coordinator, and it is never replaced by another. */
const COORDINATOR_EPOCH = 0;

/** The partitions of this broker, as its transaction coordinator sees them. */
export class LocalPartitions implements TransactionPartitions {
  readonly #topics: Topics;

  constructor(topics: Topics) {
    this.#topics = topics;
  }

  topicIdOf(topic: string, partition: number): string | undefined {
    const found = this.#topics.byName(topic);
    return found?.partitions[partition] && found.id;
  }

  topicNameOf(topicId: string): string | undefined {
    return this.#topics.byId(topicId)?.name;
  }

  async endTransaction(
    partition: PartitionId,
    marker: ProducerIdentity & { outcome: TransactionOutcome; timestampMs: number },
  ): Promise<void> {
    const { outcome: type, ...rest } = marker;
    const batch = { ...rest, type, coordinatorEpoch: COORDINATOR_EPOCH };
    await this.#find(partition)?.appendControlBatch(batch);
  }

  *openTransactions(): Iterable<PartitionId & ProducerIdentity> {
    for (const { partitions } of this.#topics.all()) {
      for (const { topicId, partition, ...rest } of partitions.map(openOf)) {
        for (const producer of rest.open) yield { topicId, partition, ...producer };
      }
    }
  }

  /** Undefined when its topic has been deleted. */
  #find({ topicId, partition }: PartitionId): Partition | undefined {
    return this.#topics.byId(topicId)?.partitions[partition];
  }
}

function openOf(partition: Partition): PartitionId & { open: ProducerIdentity[] } {
  const { topicId, partition: number } = partition;
  const open = [...partition.producerStates().entries()]
    .filter(([, state]) => state.openTransactionFirstOffset !== null)
    .map(([producerId, { epoch }]) => ({ producerId, producerEpoch: epoch }));
  return { topicId, partition: number, open };
}
