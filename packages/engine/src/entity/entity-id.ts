import { ENTITY_ID_BYTES_MAX } from '@chat-cluster/journal';

/**
 * Why a string cannot be an entity's id, as a sentence; undefined when it can. An id is the key of its events in the log and of its rows in the journal: in UTF-8 it must be the same
 * string there and back, and no longer than a key of the journal.
 */
export function entityIdProblem(entityId: string): string | undefined {
  if (entityId.length === 0) return 'The id of an entity is not empty.';
  if (!entityId.isWellFormed()) {
    return 'The id of an entity has half of a surrogate pair, which UTF-8 cannot hold.';
  }
  const bytes = Buffer.byteLength(entityId);
  if (bytes <= ENTITY_ID_BYTES_MAX) return undefined;
  return `The id of an entity takes at most ${ENTITY_ID_BYTES_MAX} bytes in UTF-8, not ${bytes}.`;
}
