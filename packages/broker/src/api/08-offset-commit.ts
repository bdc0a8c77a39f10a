/**
 * OffsetCommit, versions 2 to 9.
 *
 * Answers when the offsets are durable. The retention of versions 2 to 4 is kept per offset. Version 10 (topic ids) is
 * not offered.
 */
import { offsetCommit } from '../wire/messages/08-offset-commit.ts';
import { committedTopics, offsetsOf } from './committed-partitions.ts';
import { on } from './handler.ts';

export const offsetCommitHandler = on(offsetCommit, async (request, { broker }) => {
  const { groupId, memberId, groupInstanceId, retentionTimeMs, topics } = request;
  const result = await broker.groups.offsets.commit({
    groupId,
    memberId,
    groupInstanceId,
    generationId: request.generationIdOrMemberEpoch,
    retentionMs: retentionTimeMs < 0 ? null : retentionTimeMs,
    offsets: offsetsOf(topics),
  });
  return { topics: committedTopics(topics, result) };
});
