import {
  type Chatter,
  chatterSizeBytes,
  fitLatestMessagesBlock,
  type LatestMessagesBlock,
  type LatestMessagesRequest,
  VALUE_BYTES_MAX,
} from '@chat-cluster/contract';
import { assert } from '@chat-cluster/kernel';
import type { DecideContext, PastEvent } from './decision.ts';
import type { ConversationState } from './initial-state.ts';

/** How many events are asked for at once: 200 are at most 180 MB, in practice 40 kB. */
const HISTORY_EVENTS_MAX = 200;

/** A block with its bytes. */
export type FittedBlock = { readonly block: LatestMessagesBlock; readonly bytes: Uint8Array };

/** Older events are needed before it is done. */
export type HistoryNeeded<Done> = {
  readonly kind: 'history';
  readonly seqBefore: number;
  readonly countMax: number;
  readonly resume: (history: readonly PastEvent[]) => Done | HistoryNeeded<Done>;
};

/**
 * The latest messages, from the window, and from history what is older. Changes nothing: nobody
 * creates a conversation by reading it.
 *
 * @param done makes of the block what the caller wants
 */
export function latestMessages<Done>(
  state: ConversationState,
  request: LatestMessagesRequest,
  context: DecideContext,
  done: (fitted: FittedBlock) => Done,
): Done | HistoryNeeded<Done> {
  const wantedCount = Math.min(request.numMsgs, state.messageCount);
  const chatter = state.window.newest(wantedCount);
  const gathering = {
    request,
    wantedCount,
    messageCount: state.messageCount,
    chatter,
    olderBytes: 0,
    fruitlessCount: 0,
    // Each message of the window has one of the newest seqs, so what is older than them all is
    // below these.
    seqBefore: context.seqNext - chatter.length,
  };
  return fitOrAsk(gathering, done);
}

/**
 * An answer that is being put together. It holds nothing of the state, which goes on while history
 * is read: the answer is as of the request.
 */
type Gathering = {
  readonly request: LatestMessagesRequest;
  readonly wantedCount: number;
  readonly messageCount: number;
  /** The newest messages, ascending, without gaps. */
  readonly chatter: readonly Chatter[];
  /** What those that came from history add to the block. */
  readonly olderBytes: number;
  /** How many events were looked at last without finding a message that was missing. */
  readonly fruitlessCount: number;
  /** All events from here on have been looked at. */
  readonly seqBefore: number;
};

function fitOrAsk<Done>(
  gathering: Gathering,
  done: (fitted: FittedBlock) => Done,
): Done | HistoryNeeded<Done> {
  const { wantedCount, chatter, olderBytes, fruitlessCount, seqBefore } = gathering;
  if (chatter.length === wantedCount || olderBytes > VALUE_BYTES_MAX) return done(fit(gathering));
  assert(seqBefore > 0, 'Each message of a conversation is among its events.');
  // Twice as many each time: the engine may have many events of its own in a row.
  const countWanted = Math.max(wantedCount - chatter.length, 2 * fruitlessCount);
  const countMax = Math.min(countWanted, HISTORY_EVENTS_MAX);
  return {
    kind: 'history',
    seqBefore,
    countMax,
    resume: (history) => fitOrAsk(withOlder(gathering, history, countMax), done),
  };
}

/**
 * Fewer messages than asked for may come although there are older ones: events of the engine's own
 * were among them, or messages that the window had.
 */
function withOlder(
  gathering: Gathering,
  history: readonly PastEvent[],
  countMax: number,
): Gathering {
  const { messageCount, wantedCount, chatter, seqBefore } = gathering;
  const seqOldest = messageCount - chatter.length;
  const older = history
    .map(({ event }): Chatter => [event.sender, event.body, event.conversationMsgSeq])
    .filter(([, , seq]) => seq < seqOldest && seq >= messageCount - wantedCount);
  assert(
    older.every(([, , seq], index) => seq === seqOldest - older.length + index),
    'History has every message, in order.',
  );
  return {
    ...gathering,
    chatter: [...older, ...chatter],
    olderBytes: older.reduce((bytes, each) => bytes + chatterSizeBytes(each), gathering.olderBytes),
    fruitlessCount: older.length === 0 ? countMax : 0,
    seqBefore: Math.min(seqBefore - countMax, history[0]?.seq ?? seqBefore),
  };
}

function fit({ request, chatter }: Gathering): FittedBlock {
  const { conversationKey, requestId } = request;
  return fitLatestMessagesBlock({
    conversationKey,
    requestId,
    latestChatter: chatter,
    truncated: false,
  });
}
