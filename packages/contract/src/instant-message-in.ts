import type { Decoded } from './decoded.ts';
import { type Fields, optionalText, text, textList } from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import {
  BODY_BYTES_MAX,
  CONVERSATION_KEY_BYTES_MAX,
  MESSAGE_ID_BYTES_MAX,
  RECIPIENT_COUNT_MAX,
  SENDER_BYTES_MAX,
} from './limits.ts';

/** Somebody says something in a conversation. */
export type InstantMessageIn = {
  /** The conversation's identity: it counts, whatever the key of the record is. */
  readonly conversationKey: string;
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly body: string;
  /**
   * The client's own id: a second message of the same sender with it, soon after, is not a second
   * message.
   */
  readonly messageId?: string | undefined;
};

/** `{"conversationKey":…,"sender":…,"recipients":[…],"body":…,"messageId":…}` */
export function encodeInstantMessageIn(message: InstantMessageIn): Uint8Array {
  return encodeJson({
    conversationKey: message.conversationKey,
    sender: message.sender,
    recipients: message.recipients,
    body: message.body,
    messageId: message.messageId,
  });
}

/** Reads a message within the limits, or says what is wrong with it. */
export function decodeInstantMessageIn(bytes: Uint8Array | null): Decoded<InstantMessageIn> {
  return decodeJson(bytes, readInstantMessageIn);
}

function readInstantMessageIn(fields: Fields): InstantMessageIn {
  return {
    conversationKey: text(fields, 'conversationKey', CONVERSATION_KEY),
    sender: text(fields, 'sender', SENDER),
    recipients: textList(fields, 'recipients', RECIPIENTS),
    body: text(fields, 'body', BODY),
    messageId: optionalText(fields, 'messageId', MESSAGE_ID),
  };
}

const CONVERSATION_KEY = { bytesMin: 1, bytesMax: CONVERSATION_KEY_BYTES_MAX } as const;
const SENDER = { bytesMin: 1, bytesMax: SENDER_BYTES_MAX } as const;
const RECIPIENTS = { ...SENDER, countMax: RECIPIENT_COUNT_MAX } as const;
const BODY = { bytesMin: 0, bytesMax: BODY_BYTES_MAX } as const;
const MESSAGE_ID = { bytesMin: 1, bytesMax: MESSAGE_ID_BYTES_MAX } as const;
