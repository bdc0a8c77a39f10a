/**
 * Fetch, versions 4 to 17; topics by name up to version 12, by id from 13 on.
 *
 * - Whole batches, from the one that holds the offset on. The first batch of the answer is sent even if it is larger
 *   than all limits (KIP-74); then the limits of the partition, of the request and of the broker hold.
 * - Answers at once when there are `minBytes` bytes, when any partition has an error, or when one has more than its own
 *   limit; else at `maxWaitMs`, with what is there. Bytes that a read_committed reader may not see do not count.
 * - read_committed ends at the last stable offset, and names the aborted transactions of the range it sends.
 * - Every partition of the request is in the answer.
 *
 * Fetch sessions (KIP-227) are not kept: session id 0 makes clients send full requests. There are no followers: rack
 * and replica fields are ignored.
 */
import { PartitionFetch } from '../partitions/partition-fetch.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { fetch } from '../wire/messages/01-fetch.ts';
import { waitForAnswer } from './fetch-wait.ts';
import { on, type RequestContext } from './handler.ts';

type FetchRequest = RequestOf<typeof fetch>;

const FIRST_VERSION_WITH_IDS = 13;
const READ_COMMITTED = 1;

export const fetchHandler = on(fetch, async (request, context) => {
  // A session that this broker never gave out: the client starts again with a full request.
  if (request.sessionId !== 0) {
    return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] };
  }
  const topics = fetchesOf(request, context);
  const fetches = topics.flatMap((topic) => topic.fetches);
  const { limits, clock, timers } = context.broker;
  await waitForAnswer(fetches, {
    maxWaitMs: request.maxWaitMs,
    minBytes: request.minBytes,
    maxBytes: Math.min(request.maxBytes, limits.fetchBytesMax),
    clock,
    timers,
  });
  const responses = topics.map(({ topic, topicId, fetches: ofTopic }) => ({
    topic,
    topicId,
    partitions: ofTopic.map((partition) => partition.answer()),
  }));
  return { errorCode: ErrorCode.NONE, responses };
});

function fetchesOf(request: FetchRequest, { broker, version }: RequestContext) {
  const isReadCommitted = request.isolationLevel === READ_COMMITTED;
  const isById = version >= FIRST_VERSION_WITH_IDS;
  return request.topics.map(({ topic: name, topicId, partitions }) => {
    const topic = isById ? broker.topics.byId(topicId) : broker.topics.byName(name);
    const isUnknownId = isById && topic === undefined;
    const fetches = partitions.map(
      ({ partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch }) =>
        new PartitionFetch({
          index: partition,
          partition: topic?.partitions[partition] ?? null,
          unknownErrorCode: isUnknownId
            ? ErrorCode.UNKNOWN_TOPIC_ID
            : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
          offset: fetchOffset,
          maxBytes: partitionMaxBytes,
          currentLeaderEpoch,
          isReadCommitted,
        }),
    );
    return { topic: topic?.name ?? name, topicId: topic?.id ?? topicId, fetches };
  });
}
