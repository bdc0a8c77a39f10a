import {
  type Decoded,
  type InstantMessageIn,
  instantMessageIn,
  type InvalidValueCode,
  type LatestMessagesRequest,
  latestMessagesRequest,
} from '@chat-cluster/contract';

/** What a conversation is asked to do. */
export type ConversationCommand =
  | { readonly kind: 'send'; readonly message: InstantMessageIn }
  | { readonly kind: 'latest'; readonly request: LatestMessagesRequest };

/** A record's command and whose it is, or why there is none. */
export type ReadCommand =
  | { readonly ok: true; readonly entityId: string; readonly command: ConversationCommand }
  | { readonly ok: false; readonly code: InvalidValueCode; readonly reason: string };

type RecordValue = { readonly value: Uint8Array | null };

/**
 * Reads a record of instant_message_in. The entity is the value's conversationKey, whatever the
 * record's key is: a record that another client keyed otherwise, or not at all, is in another
 * partition then, and is forwarded home.
 */
export function readSend(record: RecordValue): ReadCommand {
  const decoded: Decoded<InstantMessageIn> = instantMessageIn.decode(record.value);
  if (!decoded.ok) return decoded;
  const message = decoded.value;
  return { ok: true, entityId: message.conversationKey, command: { kind: 'send', message } };
}

/** Reads a record of latest_messages_request, as readSend does. */
export function readLatest(record: RecordValue): ReadCommand {
  const decoded: Decoded<LatestMessagesRequest> = latestMessagesRequest.decode(record.value);
  if (!decoded.ok) return decoded;
  const request = decoded.value;
  return { ok: true, entityId: request.conversationKey, command: { kind: 'latest', request } };
}

/** The id that the sender of a record gave it: a message's messageId, a request's requestId. */
export function messageIdOf(topic: string, record: RecordValue): string | undefined {
  if (topic === instantMessageIn.name) {
    const decoded = instantMessageIn.decode(record.value);
    return decoded.ok ? decoded.value.messageId : undefined;
  }
  const decoded = latestMessagesRequest.decode(record.value);
  return decoded.ok ? decoded.value.requestId : undefined;
}
