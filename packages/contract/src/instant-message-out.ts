import type { Decoded } from './decoded.ts';
import {
  ANY_COUNT,
  ANY_TEXT,
  ANY_TEXTS,
  type Fields,
  optionalText,
  text,
  textList,
  wholeNumber,
} from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';

/** A message that has its number. */
export type InstantMessageOut = {
  readonly conversationKey: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  /** 0, 1, 2, … in its conversation, without gaps. */
  readonly conversationMsgSeq: number;
  readonly body: string;
  /** As it was given. */
  readonly messageId?: string | undefined;
};

/**
 * `{"conversationKey":…,"sender":…,"recipients":[…],"conversationMsgSeq":…,"body":…,"messageId":…}`
 */
export function encodeInstantMessageOut(message: InstantMessageOut): Uint8Array {
  return encodeJson({
    conversationKey: message.conversationKey,
    sender: message.sender,
    recipients: message.recipients,
    conversationMsgSeq: message.conversationMsgSeq,
    body: message.body,
    messageId: message.messageId,
  });
}

/** Checks types, not limits: whoever numbered the message has checked them. */
export function decodeInstantMessageOut(bytes: Uint8Array | null): Decoded<InstantMessageOut> {
  return decodeJson(bytes, readInstantMessageOut);
}

function readInstantMessageOut(fields: Fields): InstantMessageOut {
  return {
    conversationKey: text(fields, 'conversationKey', ANY_TEXT),
    sender: text(fields, 'sender', ANY_TEXT),
    recipients: textList(fields, 'recipients', ANY_TEXTS),
    conversationMsgSeq: wholeNumber(fields, 'conversationMsgSeq', ANY_COUNT),
    body: text(fields, 'body', ANY_TEXT),
    messageId: optionalText(fields, 'messageId', ANY_TEXT),
  };
}
