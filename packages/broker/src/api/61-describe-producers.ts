/**
 * DescribeProducers, version 0.
 *
 * The idempotent producers that a partition remembers. The epoch of the coordinator is 0: there is one.
 */
import type { Partition } from '../partitions/partition.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { describeProducers } from '../wire/messages/61-describe-producers.ts';
import { on } from './handler.ts';

export const describeProducersHandler = on(describeProducers, ({ topics }, { broker }) => ({
  topics: topics.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => {
      const partition = broker.topics.byName(name)?.partitions[partitionIndex];
      const errorCode = partition ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const activeProducers = partition ? producersOf(partition) : [];
      return { partitionIndex, errorCode, activeProducers };
    }),
  })),
}));

function producersOf(partition: Partition) {
  return [...partition.producerStates().entries()].map(([producerId, state]) => ({
    producerId,
    producerEpoch: state.epoch,
    lastSequence: state.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: state.lastAppendMs,
    coordinatorEpoch: 0,
    currentTxnStartOffset: state.openTransactionFirstOffset ?? -1,
  }));
}
