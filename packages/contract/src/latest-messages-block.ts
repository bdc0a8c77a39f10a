import { assert } from '@chat-cluster/kernel';
import { type Decoded, InvalidValue } from './decoded.ts';
import { ANY_TEXT, type Fields, list, optionalText, text } from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import { VALUE_BYTES_MAX } from './limits.ts';
import { utf8SizeBytes } from './utf8.ts';

/** A message as people read it: sender, body, conversationMsgSeq. */
export type Chatter = readonly [sender: string, body: string, conversationMsgSeq: number];

/**
 * The latest messages of a conversation, as many as were asked for, all if there are fewer, none if
 * nobody has written yet.
 */
export type LatestMessagesBlock = {
  readonly conversationKey: string;
  /** As it was given. */
  readonly requestId?: string | undefined;
  /** Ascending by conversationMsgSeq, without gaps. */
  readonly latestChatter: readonly Chatter[];
  /** True if older ones were asked for, and did not fit. */
  readonly truncated: boolean;
};

/**
 * `{"conversationKey":…,"requestId":…,"latestChatter":[["sender","body",seq],…],"truncated":true}`;
 * the last field only if it is true.
 */
export function encodeLatestMessagesBlock(block: LatestMessagesBlock): Uint8Array {
  return encodeJson({
    conversationKey: block.conversationKey,
    requestId: block.requestId,
    latestChatter: block.latestChatter,
    truncated: block.truncated ? true : undefined,
  });
}

/**
 * The block with its bytes, at most VALUE_BYTES_MAX: of messages that do not fit together only the
 * newest that do, marked as truncated.
 */
export function fitLatestMessagesBlock(block: LatestMessagesBlock): {
  readonly block: LatestMessagesBlock;
  readonly bytes: Uint8Array;
} {
  const bytes = encodeLatestMessagesBlock(block);
  if (bytes.byteLength <= VALUE_BYTES_MAX) return { block, bytes };
  const emptied = { ...block, latestChatter: [], truncated: true };
  const sizeBytesMax = VALUE_BYTES_MAX - encodeLatestMessagesBlock(emptied).byteLength;
  const fitted = { ...emptied, latestChatter: newestFitting(block.latestChatter, sizeBytesMax) };
  return { block: fitted, bytes: encodeLatestMessagesBlock(fitted) };
}

/** How many bytes a message adds to a block, its comma included. */
export function chatterSizeBytes(chatter: Chatter): number {
  return utf8SizeBytes(JSON.stringify(chatter)) + COMMA_BYTES;
}

/** Checks types, not limits. */
export function decodeLatestMessagesBlock(bytes: Uint8Array | null): Decoded<LatestMessagesBlock> {
  return decodeJson(bytes, readLatestMessagesBlock);
}

function newestFitting(latestChatter: readonly Chatter[], sizeBytesMax: number): Chatter[] {
  let first = latestChatter.length;
  let sizeBytes = -COMMA_BYTES; // there is one less than there are messages
  while (first > 0) {
    sizeBytes += chatterSizeBytes(latestChatter[first - 1]!);
    if (sizeBytes > sizeBytesMax) break;
    first -= 1;
  }
  assert(first < latestChatter.length, 'A message within the limits fits into a block.');
  return latestChatter.slice(first);
}

function readLatestMessagesBlock(fields: Fields): LatestMessagesBlock {
  return {
    conversationKey: text(fields, 'conversationKey', ANY_TEXT),
    requestId: optionalText(fields, 'requestId', ANY_TEXT),
    latestChatter: list(fields, 'latestChatter', Number.MAX_SAFE_INTEGER).map(readChatter),
    truncated: fields['truncated'] === true,
  };
}

function readChatter(item: unknown): Chatter {
  if (Array.isArray(item)) {
    const [sender, body, seq] = item as readonly unknown[];
    if (typeof sender === 'string' && typeof body === 'string' && typeof seq === 'number') {
      return [sender, body, seq];
    }
  }
  throw new InvalidValue('wrong-type', 'latestChatter holds what is not [sender, body, seq].');
}

const COMMA_BYTES = 1;
