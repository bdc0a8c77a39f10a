/**
 * CreatePartitions, versions 0 to 3.
 *
 * `count` is the new total. Every topic of the request is in the answer. An assignment may name this broker only.
 * Answers when the partitions are durable; `timeoutMs` is ignored.
 */
import { refusal, type TopicRefusal } from '../topics/topic-error.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { createPartitions } from '../wire/messages/37-create-partitions.ts';
import { on, type RequestContext } from './handler.ts';

type Growth = RequestOf<typeof createPartitions>['topics'][number];

export const createPartitionsHandler = on(
  createPartitions,
  async ({ topics, validateOnly }, { broker }) => ({
    results: await Promise.all(topics.map((growth) => grow(growth, { broker, validateOnly }))),
  }),
);

async function grow(
  { name, count, assignments }: Growth,
  { broker, validateOnly }: { broker: RequestContext['broker']; validateOnly: boolean },
) {
  const answer = (reason: TopicRefusal | null) => ({
    name,
    errorCode: reason?.errorCode ?? ErrorCode.NONE,
    errorMessage: reason?.message ?? null,
  });
  const topic = broker.topics.byName(name);
  if (topic === undefined) {
    return answer(refusal(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.'));
  }
  const isOurs = ({ brokerIds }: { readonly brokerIds: readonly number[] }): boolean =>
    brokerIds.length === 1 && brokerIds[0] === broker.nodeId;
  const newCount = count - topic.partitions.length;
  const reason = broker.topics.refuseCount(topic, count);
  if (reason !== null) return answer(reason);
  if (assignments !== null && !(assignments.length === newCount && assignments.every(isOurs))) {
    const message = `Each new partition must be assigned to broker ${broker.nodeId}, the only one.`;
    return answer(refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message));
  }
  if (validateOnly) return answer(null);
  return broker.topics.grow(topic, count).then(
    () => answer(null),
    () => answer(refusal(ErrorCode.KAFKA_STORAGE_ERROR, 'The disk takes no writes.')),
  );
}
