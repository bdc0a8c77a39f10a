/**
 * CreateTopics, versions 2 to 7.
 *
 * - Partitions -1: the broker's default. Replication factor 1 or -1; more is refused with a message that says what to
 *   do, because this broker is alone. A manual assignment may name this broker only.
 * - Every topic of the request is in the answer, each with its own result; from version 5 on with all its
 *   configurations. `validateOnly` changes nothing.
 * - Answers when the topics are durable; `timeoutMs` is ignored.
 */
import { configEntries } from '../topics/config-entries.ts';
import type { TopicRefusal } from '../topics/topic-error.ts';
import { refusal } from '../topics/topic-error.ts';
import type { NewTopic } from '../topics/topics.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { createTopics } from '../wire/messages/19-create-topics.ts';
import { ZERO_UUID } from '../wire/primitives.ts';
import { on, type RequestContext } from './handler.ts';

type CreatableTopic = RequestOf<typeof createTopics>['topics'][number];

export const createTopicsHandler = on(createTopics, async ({ topics, validateOnly }, context) => {
  const isRepeated = ({ name }: CreatableTopic): boolean =>
    topics.filter((other) => other.name === name).length > 1;
  const results = topics.map(async (topic) => {
    if (!isRepeated(topic)) return create(topic, { context, validateOnly });
    return refused(topic.name, refusal(ErrorCode.INVALID_REQUEST, 'The topic is named twice.'));
  });
  return { topics: await Promise.all(results) };
});

async function create(
  creatable: CreatableTopic,
  { context, validateOnly }: { context: RequestContext; validateOnly: boolean },
) {
  const { broker } = context;
  const spec = newTopicOf(creatable, broker.limits.partitionsDefault);
  const reason = refuseReplicas(creatable, broker.nodeId) ?? broker.topics.refuseNew(spec);
  if (reason !== null) return refused(creatable.name, reason);
  if (validateOnly) return created(spec, ZERO_UUID);
  const { topic, durable } = broker.topics.create(spec);
  return durable.then(
    () => created(spec, topic.id),
    () => refused(spec.name, refusal(ErrorCode.KAFKA_STORAGE_ERROR, 'The disk takes no writes.')),
  );
}

function newTopicOf(creatable: CreatableTopic, partitionsDefault: number): NewTopic {
  const { name, numPartitions, assignments, configs } = creatable;
  const partitionsCount =
    assignments.length > 0
      ? assignments.length
      : numPartitions === -1
        ? partitionsDefault
        : numPartitions;
  const given = configs.filter((config) => config.value !== null);
  const overrides = Object.fromEntries(given.map((config) => [config.name, config.value ?? '']));
  return { name, partitionsCount, overrides };
}

function refuseReplicas(creatable: CreatableTopic, nodeId: number): TopicRefusal | null {
  const { assignments, numPartitions, replicationFactor } = creatable;
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const message = 'With an assignment, partitions and replication factor must both be -1.';
      return refusal(ErrorCode.INVALID_REQUEST, message);
    }
    const isOurs = assignments.every(
      ({ brokerIds }) => brokerIds.length === 1 && brokerIds[0] === nodeId,
    );
    const indexes = new Set(assignments.map((assignment) => assignment.partitionIndex));
    const areConsecutive =
      indexes.size === assignments.length && assignments.every((_, index) => indexes.has(index));
    if (isOurs && areConsecutive) return null;
    const message = `This broker is a single node: each partition can only be on broker ${nodeId}.`;
    return refusal(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  }
  if (replicationFactor === 1 || replicationFactor === -1) return null;
  if (replicationFactor > 1) {
    return refusal(
      ErrorCode.INVALID_REPLICATION_FACTOR,
      `Replication factor ${replicationFactor} is not possible: this broker is a single node; ` +
        'use --replication-factor 1 or connect to a real cluster.',
    );
  }
  const message = 'The replication factor must be 1, or -1 for the default.';
  return refusal(ErrorCode.INVALID_REPLICATION_FACTOR, message);
}

function created({ name, partitionsCount, overrides }: NewTopic, topicId: string) {
  return {
    name,
    topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: partitionsCount,
    replicationFactor: 1,
    configs: configEntries(overrides),
  };
}

function refused(name: string, { errorCode, message }: TopicRefusal) {
  return {
    name,
    topicId: ZERO_UUID,
    errorCode,
    errorMessage: message,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}
