import { assert } from '@chat-cluster/kernel';
import type { ConversationEvent } from './events.ts';
import type { ConversationState } from './initial-state.ts';

/** The state after the event: the one that was given, changed. */
export function evolve(state: ConversationState, event: ConversationEvent): ConversationState {
  const { sender, body, conversationMsgSeq, messageId } = event;
  assert(
    conversationMsgSeq === state.messageCount,
    'The messages of a conversation are numbered 0, 1, 2, … without gaps.',
  );
  state.messageCount += 1;
  state.window.add([sender, body, conversationMsgSeq]);
  if (messageId !== undefined) state.recentIds.add({ conversationMsgSeq, sender, messageId });
  state.recentIds.forgetBefore(state.messageCount);
  return state;
}
