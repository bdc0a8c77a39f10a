/**
 * AddPartitionsToTxn, versions 0 to 3 (4 and 5 are for brokers among themselves).
 *
 * All partitions or none: if one is unknown, the others are OPERATION_NOT_ATTEMPTED. While the transaction before ends, the
 * answer waits for that, instead of CONCURRENT_TRANSACTIONS.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { addPartitionsToTxn } from '../wire/messages/24-add-partitions-to-txn.ts';
import { fencedCode } from './fenced-code.ts';
import { on } from './handler.ts';

export const addPartitionsToTxnHandler = on(
  addPartitionsToTxn,
  async (request, { broker, version }) => {
    const topics = request.v3AndBelowTopics;
    const producer = {
      transactionalId: request.v3AndBelowTransactionalId,
      producerId: request.v3AndBelowProducerId,
      producerEpoch: request.v3AndBelowProducerEpoch,
    };
    const partitions = topics.flatMap(({ name, partitions: numbers }) =>
      numbers.map((partition) => ({ topic: name, partition })),
    );
    const result = await broker.transactions.addPartitions(producer, partitions);
    let index = 0;
    const nextCode = (): ErrorCode => {
      const code = typeof result === 'number' ? result : result[index++];
      return fencedCode(code ?? ErrorCode.NONE, version >= 2);
    };
    return {
      resultsByTopicV3AndBelow: topics.map(({ name, partitions: numbers }) => ({
        name,
        resultsByPartition: numbers.map((partitionIndex) => ({
          partitionIndex,
          partitionErrorCode: nextCode(),
        })),
      })),
    };
  },
);
