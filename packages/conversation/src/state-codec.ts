import { decodeUtf8, encodeUtf8 } from '@chat-cluster/contract';
import { type ConversationState, initialState } from './initial-state.ts';

/**
 * The version of the snapshot's format. A reader of another version throws, and must not guess:
 * bump it when the meaning of a field changes, and teach `decodeState` the older one.
 */
const SNAPSHOT_VERSION = 1;

/**
 * The state as JSON; the numbers of the window's messages follow from `messageCount`, because they
 * are the newest, without gaps.
 */
type Snapshot = {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly messageCount: number;
  readonly window: readonly (readonly [sender: string, body: string])[];
  readonly recentIds: readonly (readonly [
    conversationMsgSeq: number,
    sender: string,
    messageId: string,
  ])[];
};

/** The bytes of a snapshot. */
export function encodeState(state: ConversationState): Uint8Array {
  const snapshot: Snapshot = {
    version: SNAPSHOT_VERSION,
    messageCount: state.messageCount,
    window: state.window.newest(state.window.count).map(([sender, body]) => [sender, body]),
    recentIds: state.recentIds.all.map((id) => [id.conversationMsgSeq, id.sender, id.messageId]),
  };
  return encodeUtf8(JSON.stringify(snapshot));
}

/** The state of a snapshot. Throws on bytes that are none of this version. */
export function decodeState(bytes: Uint8Array): ConversationState {
  const { messageCount, window, recentIds } = readSnapshot(bytes);
  const state = initialState();
  state.messageCount = messageCount;
  window.forEach(([sender, body], index) => {
    state.window.add([sender, body, messageCount - window.length + index]);
  });
  for (const [conversationMsgSeq, sender, messageId] of recentIds) {
    state.recentIds.add({ conversationMsgSeq, sender, messageId });
  }
  return state;
}

function readSnapshot(bytes: Uint8Array): Snapshot {
  const value: unknown = JSON.parse(decodeUtf8(bytes) ?? '');
  if (isSnapshot(value)) return value;
  throw new Error(
    `This is not a snapshot of a conversation in version ${SNAPSHOT_VERSION}; a newer program may have written it.`,
  );
}

/** A snapshot is written by us alone: what is inside the lists is not looked at again. */
function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === SNAPSHOT_VERSION &&
    'messageCount' in value &&
    Number.isSafeInteger(value.messageCount) &&
    'window' in value &&
    Array.isArray(value.window) &&
    'recentIds' in value &&
    Array.isArray(value.recentIds)
  );
}
