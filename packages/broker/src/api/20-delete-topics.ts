/**
 * DeleteTopics, versions 1 to 6; by name, from version 6 on also by id.
 *
 * Answers when the deletion is durable; the files go a little later. Waiting fetches of the topic end with an error.
 * `timeoutMs` is ignored.
 */
import type { Topic } from '../topics/topic.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { deleteTopics } from '../wire/messages/20-delete-topics.ts';
import { ZERO_UUID } from '../wire/primitives.ts';
import { on, type RequestContext } from './handler.ts';

type Named = { readonly name: string | null; readonly topicId: string };

export const deleteTopicsHandler = on(deleteTopics, async (request, { broker, version }) => {
  const named: readonly Named[] =
    version >= 6
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
  return { responses: await Promise.all(named.map((wanted) => deleteNamed(wanted, broker))) };
});

async function deleteNamed({ name, topicId }: Named, { topics, groups }: RequestContext['broker']) {
  const isById = topicId !== ZERO_UUID;
  if (isById === (name !== null)) {
    const errorMessage = 'A topic is named either by its name or by its id.';
    return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
  }
  const topic: Topic | undefined = isById ? topics.byId(topicId) : topics.byName(name ?? '');
  if (topic === undefined) {
    const errorCode = isById ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return { name, topicId, errorCode, errorMessage: 'There is no such topic.' };
  }
  const found = { name: topic.name, topicId: topic.id };
  // Both take effect now, and in this order in the journal.
  const deleted = topics.delete(topic);
  const offsetsRemoved = groups.offsets.removeTopic(topic.name);
  return Promise.all([deleted, offsetsRemoved]).then(
    () => ({ ...found, errorCode: ErrorCode.NONE, errorMessage: null }),
    () => ({
      ...found,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      errorMessage: 'The disk takes no writes.',
    }),
  );
}
