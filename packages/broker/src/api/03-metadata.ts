/**
 * Metadata, versions 0 to 13.
 *
 * - All topics for null (version 0: for an empty list), none for an empty list from version 1 on; by name, or by id.
 * - An unknown topic that is asked for by name is created, with the broker's defaults, if the client allows it (always
 *   before version 4) and `auto.create.topics.enable` does. Unlike Kafka's, the answer has the topic at once.
 * - One broker leads everything; each client is told the address of the listener it came in on.
 */
import type { Topic } from '../topics/topic.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { metadata } from '../wire/messages/03-metadata.ts';
import { ZERO_UUID } from '../wire/primitives.ts';
import { on, type RequestContext } from './handler.ts';
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS, OPERATIONS_NOT_ASKED } from './operations.ts';

type MetadataRequest = RequestOf<typeof metadata>;
type RequestedTopic = NonNullable<MetadataRequest['topics']>[number];

export const metadataHandler = on(metadata, async (request, context) => {
  const { broker, connection, version } = context;
  const { host, port } = connection.advertised;
  const topics = await requestedTopics(request, context);
  return {
    brokers: [{ nodeId: broker.nodeId, host, port }],
    clusterId: broker.clusterId,
    controllerId: broker.nodeId,
    topics: topics.map((found) => ({
      ...describe(found, broker.nodeId),
      topicAuthorizedOperations: request.includeTopicAuthorizedOperations
        ? TOPIC_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    })),
    clusterAuthorizedOperations:
      version >= 8 && request.includeClusterAuthorizedOperations
        ? CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    errorCode: ErrorCode.NONE,
  };
});

/** A topic as it was found, or what to say of one that was not. */
type Found =
  | { readonly topic: Topic }
  | {
      readonly topic: null;
      readonly name: string | null;
      readonly topicId: string;
      readonly errorCode: ErrorCode;
    };

async function requestedTopics(
  { topics, allowAutoTopicCreation }: MetadataRequest,
  context: RequestContext,
): Promise<Found[]> {
  const { broker, version } = context;
  const isAll = topics === null || (version === 0 && topics.length === 0);
  if (isAll) return broker.topics.all().map((topic) => ({ topic }));
  const mayCreate = broker.limits.autoCreateTopics && (version < 4 || allowAutoTopicCreation);
  return Promise.all(topics.map((wanted) => findOrCreate(wanted, { context, mayCreate })));
}

async function findOrCreate(
  { name, topicId }: RequestedTopic,
  { context, mayCreate }: { context: RequestContext; mayCreate: boolean },
): Promise<Found> {
  const { topics, limits } = context.broker;
  if (topicId !== ZERO_UUID) {
    const topic = topics.byId(topicId);
    if (topic !== undefined) return { topic };
    return { topic: null, name: null, topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID };
  }
  const missing = (errorCode: ErrorCode): Found => ({ topic: null, name, topicId, errorCode });
  if (name === null) return missing(ErrorCode.INVALID_REQUEST);
  const known = topics.byName(name);
  if (known !== undefined) return { topic: known };
  const spec = { name, partitionsCount: limits.partitionsDefault, overrides: {} };
  const refusal = topics.refuseNew(spec);
  if (refusal?.errorCode === ErrorCode.INVALID_TOPIC_EXCEPTION) return missing(refusal.errorCode);
  if (!mayCreate || refusal !== null) return missing(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  const { topic, durable } = topics.create(spec);
  return durable.then(
    () => ({ topic }),
    () => missing(ErrorCode.LEADER_NOT_AVAILABLE),
  );
}

function describe(found: Found, nodeId: number) {
  if (found.topic === null) {
    const { errorCode, name, topicId } = found;
    return { errorCode, name, topicId, partitions: [] };
  }
  const { name, id, partitions } = found.topic;
  return {
    errorCode: ErrorCode.NONE,
    name,
    topicId: id,
    partitions: partitions.map((_, partitionIndex) => ({
      errorCode: ErrorCode.NONE,
      partitionIndex,
      leaderId: nodeId,
      leaderEpoch: 0,
      replicaNodes: [nodeId],
      isrNodes: [nodeId],
      offlineReplicas: [],
    })),
  };
}
