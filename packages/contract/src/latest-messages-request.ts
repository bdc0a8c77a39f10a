import type { Decoded } from './decoded.ts';
import { type Fields, optionalText, text, wholeNumber } from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import { CONVERSATION_KEY_BYTES_MAX, NUM_MSGS_MAX, REQUEST_ID_BYTES_MAX } from './limits.ts';

/** Somebody wants to see the latest messages of a conversation. */
export type LatestMessagesRequest = {
  readonly conversationKey: string;
  /** 1 to NUM_MSGS_MAX. */
  readonly numMsgs: number;
  /** Comes back in the answer, so that it can be told from others. */
  readonly requestId?: string | undefined;
};

/** `{"conversationKey":…,"numMsgs":…,"requestId":…}` */
export function encodeLatestMessagesRequest(request: LatestMessagesRequest): Uint8Array {
  return encodeJson({
    conversationKey: request.conversationKey,
    numMsgs: request.numMsgs,
    requestId: request.requestId,
  });
}

/** Reads a request within the limits, or says what is wrong with it. */
export function decodeLatestMessagesRequest(
  bytes: Uint8Array | null,
): Decoded<LatestMessagesRequest> {
  return decodeJson(bytes, readLatestMessagesRequest);
}

function readLatestMessagesRequest(fields: Fields): LatestMessagesRequest {
  return {
    conversationKey: text(fields, 'conversationKey', CONVERSATION_KEY),
    numMsgs: wholeNumber(fields, 'numMsgs', NUM_MSGS),
    requestId: optionalText(fields, 'requestId', REQUEST_ID),
  };
}

const CONVERSATION_KEY = { bytesMin: 1, bytesMax: CONVERSATION_KEY_BYTES_MAX } as const;
const NUM_MSGS = { min: 1, max: NUM_MSGS_MAX } as const;
const REQUEST_ID = { bytesMin: 1, bytesMax: REQUEST_ID_BYTES_MAX } as const;
