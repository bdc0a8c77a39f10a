import { RecentMessageIds } from './recent-message-ids.ts';
import { MessageWindow } from './window.ts';

/** What a conversation keeps in memory: a window, not its history. */
export type ConversationState = {
  /** Messages so far, and the number of the next one. */
  messageCount: number;
  readonly window: MessageWindow;
  readonly recentIds: RecentMessageIds;
};

/** A conversation that nobody has written in yet. */
export function initialState(): ConversationState {
  return { messageCount: 0, window: new MessageWindow(), recentIds: new RecentMessageIds() };
}

/** Estimate of the memory that a state takes; O(1). */
export function stateSizeBytes(state: ConversationState): number {
  const { window, recentIds } = state;
  return (
    STATE_OVERHEAD_BYTES +
    window.count * MESSAGE_OVERHEAD_BYTES +
    window.chars +
    recentIds.sizeBytes
  );
}

/** The three objects and their empty lists. */
const STATE_OVERHEAD_BYTES = 300;
/** A list of three, and the headers of two texts. */
const MESSAGE_OVERHEAD_BYTES = 112;
