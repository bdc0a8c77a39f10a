import type { Decoded } from './decoded.ts';
import {
  ANY_COUNT,
  ANY_TEXTS,
  ANY_TEXT,
  type Fields,
  oneOf,
  optionalText,
  text,
  textList,
  wholeNumber,
} from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';

/**
 * What happened in a conversation: a message got its number. Whose conversation it is, the record's
 * key and the journal's row say.
 */
export type ConversationEvent = {
  readonly type: 'message';
  readonly sender: string;
  readonly recipients: readonly string[];
  /**
   * Counts messages from 0. The event's seq in the journal counts all events of the entity, the
   * engine's own too.
   */
  readonly conversationMsgSeq: number;
  readonly body: string;
  readonly messageId?: string | undefined;
};

/**
 * `{"type":"message","sender":…,"recipients":[…],"conversationMsgSeq":…,"body":…,"messageId":…}`
 */
export function encodeConversationEvent(event: ConversationEvent): Uint8Array {
  return encodeJson({
    type: event.type,
    sender: event.sender,
    recipients: event.recipients,
    conversationMsgSeq: event.conversationMsgSeq,
    body: event.body,
    messageId: event.messageId,
  });
}

/**
 * Checks types, not limits: an event is a fact, and stays readable when a limit becomes stricter.
 */
export function decodeConversationEvent(bytes: Uint8Array | null): Decoded<ConversationEvent> {
  return decodeJson(bytes, readConversationEvent);
}

function readConversationEvent(fields: Fields): ConversationEvent {
  return {
    type: oneOf(fields, 'type', EVENT_TYPES),
    sender: text(fields, 'sender', ANY_TEXT),
    recipients: textList(fields, 'recipients', ANY_TEXTS),
    conversationMsgSeq: wholeNumber(fields, 'conversationMsgSeq', ANY_COUNT),
    body: text(fields, 'body', ANY_TEXT),
    messageId: optionalText(fields, 'messageId', ANY_TEXT),
  };
}

const EVENT_TYPES = ['message'] as const;
