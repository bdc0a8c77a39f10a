import { type ConversationEvent, conversationEvents } from '@chat-cluster/contract';

export type { ConversationEvent };

/** The event's bytes, as they are in its topic and in the journal. */
export const encodeEvent: (event: ConversationEvent) => Uint8Array = conversationEvents.encode;

/**
 * Reads an event of the journal. Throws on bytes that are none: what was committed can always be
 * read, so they are not what was committed.
 */
export function decodeEvent(bytes: Uint8Array): ConversationEvent {
  const decoded = conversationEvents.decode(bytes);
  if (decoded.ok) return decoded.value;
  throw new Error(`This is not an event of a conversation: ${decoded.reason}`);
}
