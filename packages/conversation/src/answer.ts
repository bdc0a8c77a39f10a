import { decodeConversationQuestion } from '@chat-cluster/contract';
import type { PastEvent } from './decision.ts';
import type { ConversationState } from './initial-state.ts';
import { latestMessages } from './latest-messages.ts';

/** What comes of a question; the shape that the engine asks of every entity's rules. */
export type ConversationAnswer =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string }
  /** As in a decision. */
  | {
      readonly kind: 'history';
      readonly seqBefore: number;
      readonly countMax: number;
      readonly resume: (history: readonly PastEvent[]) => ConversationAnswer;
    };

/** Answers a question for the latest messages with their block. Changes nothing. */
export function answer(
  state: ConversationState,
  question: Uint8Array,
  { entityId, seqNext }: { readonly entityId: string; readonly seqNext: number },
): ConversationAnswer {
  const decoded = decodeConversationQuestion(question);
  if (!decoded.ok) return { kind: 'refused', reason: decoded.reason };
  const request = { conversationKey: entityId, numMsgs: decoded.value.numMsgs };
  return latestMessages<ConversationAnswer>(state, request, { seqNext }, ({ bytes }) => ({
    kind: 'answer',
    bytes,
  }));
}
