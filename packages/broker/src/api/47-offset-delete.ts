/**
 * OffsetDelete, version 0. In a group with members only for topics that none of them subscribes to.
 */
import { ErrorCode } from '../wire/error-codes.ts';
import { offsetDelete } from '../wire/messages/47-offset-delete.ts';
import { committedTopics } from './committed-partitions.ts';
import { on } from './handler.ts';

export const offsetDeleteHandler = on(offsetDelete, async ({ groupId, topics }, { broker }) => {
  const partitions = topics.flatMap(({ name, partitions: numbers }) =>
    numbers.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
  );
  const result = await broker.groups.offsets.delete(groupId, partitions);
  if (typeof result === 'number') return { errorCode: result, topics: [] };
  return { errorCode: ErrorCode.NONE, topics: committedTopics(topics, result) };
});
