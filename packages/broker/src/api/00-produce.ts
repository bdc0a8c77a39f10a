/**
 * Produce, versions 3 to 11; advertised from 0, because librdkafka before 2.10 turns compression off otherwise
 * (KAFKA-18659). Versions 0 to 2 close the connection: their record formats are gone from Kafka too.
 *
 * - Batches of one request are placed in its order, and requests of one connection in theirs; the answer comes when all
 *   are durable. acks=1 and acks=all are the same; acks=0 is written alike and gets no answer.
 * - Retries of an idempotent producer are answered with the original offset.
 * - Transactional batches are checked against the open transaction when they are placed (KIP-890).
 * - A compacted topic takes no record without a key: its whole batch is refused, with the records that lack one.
 * - An unknown topic is an error: topics are created by Metadata or CreateTopics.
 *
 * Not implemented: versions 12 (transactions version 2) and 13 (topic ids); a check of the records inside a batch, but for
 * compacted topics.
 */
import { refused, type AppendResult } from '../partitions/append-result.ts';
import { refusal } from '../partitions/validate-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { produce } from '../wire/messages/00-produce.ts';
import { NO_RESPONSE, on } from './handler.ts';

export const produceHandler = on(produce, async (request, { broker }) => {
  const { acks, topicData } = request;
  const areAcksValid = acks === -1 || acks === 0 || acks === 1;
  const responses = topicData.map(({ name, partitionData }) => {
    const topic = broker.topics.byName(name);
    const partitionResponses = partitionData.map(({ index, records }) => {
      const partition = topic?.partitions[index];
      const result = !areAcksValid
        ? refuse(ErrorCode.INVALID_REQUIRED_ACKS, 'acks is 0, 1 or -1 (all)')
        : (partition?.append(records) ??
          refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no such partition'));
      const logStartOffset = partition?.logStartOffset ?? -1;
      return { index, ...result, logStartOffset };
    });
    return { name, partitionResponses };
  });
  // Called after the last append, this covers all of them, and the originals of duplicates.
  const isDurable = await broker.commitLog.durable().then(
    () => true,
    () => false,
  );
  if (acks === 0) return NO_RESPONSE;
  return { responses: isDurable ? responses : responses.map(failed) };
});

function refuse(errorCode: ErrorCode, message: string): AppendResult {
  return refused(refusal(errorCode, message));
}

/** The same answer, when the disk did not keep what was placed. */
function failed<
  Topic extends { readonly partitionResponses: readonly { readonly errorCode: ErrorCode }[] },
>(topic: Topic) {
  const failure = refuse(ErrorCode.KAFKA_STORAGE_ERROR, 'the disk did not take the batch');
  const partitionResponses = topic.partitionResponses.map((partition) =>
    partition.errorCode === ErrorCode.NONE ? { ...partition, ...failure } : partition,
  );
  return { ...topic, partitionResponses };
}
