import type { PartitionId, TransactionPartitions } from '../transactions/transaction-partitions.ts';
import type { Topics } from './topics.ts';

/** The topics as the transaction coordinator sees them. */
export function topicTransactions(topics: Topics): TransactionPartitions {
  return {
    topicIdOf(name, partition) {
      const topic = topics.byName(name);
      return topic?.partitions[partition] === undefined ? undefined : topic.id;
    },

    topicNameOf: (topicId) => topics.byId(topicId)?.name,

    async endTransaction({ topicId, partition: index }, marker) {
      const { producerId, producerEpoch, outcome: type, timestampMs } = marker;
      const partition = topics.byId(topicId)?.partitions[index];
      await partition?.appendControlBatch({
        producerId,
        producerEpoch,
        type,
        coordinatorEpoch: 0, // there is one coordinator, for ever
        timestampMs,
      });
    },

    openTransactions: () => openTransactions(topics),
  };
}

function* openTransactions(topics: Topics) {
  for (const topic of topics.all()) {
    for (const partition of topic.partitions) {
      for (const [producerId, state] of partition.producerStates().entries()) {
        if (state.openTransactionFirstOffset === null) continue;
        const id: PartitionId = { topicId: topic.id, partition: partition.partition };
        yield { ...id, producerId, producerEpoch: state.epoch };
      }
    }
  }
}
