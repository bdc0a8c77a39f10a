import type { Decoded } from './decoded.ts';
import { type Fields, wholeNumber } from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import { NUM_MSGS_MAX } from './limits.ts';

/** What a conversation can be asked directly, without a record; its answer is a latest messages block without a requestId. */
export type ConversationQuestion = {
  /** The latest messages, so many at most: 1 to NUM_MSGS_MAX. */
  readonly numMsgs: number;
};

/** `{"numMsgs":…}` */
export function encodeConversationQuestion({ numMsgs }: ConversationQuestion): Uint8Array {
  return encodeJson({ numMsgs });
}

/** Reads a question within the limits, or says what is wrong with it. */
export function decodeConversationQuestion(
  bytes: Uint8Array | null,
): Decoded<ConversationQuestion> {
  return decodeJson(bytes, readConversationQuestion);
}

function readConversationQuestion(fields: Fields): ConversationQuestion {
  return { numMsgs: wholeNumber(fields, 'numMsgs', NUM_MSGS) };
}

const NUM_MSGS = { min: 1, max: NUM_MSGS_MAX } as const;
