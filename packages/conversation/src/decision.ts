import type { LatestMessagesBlock } from '@chat-cluster/contract';
import type { ConversationEvent } from './events.ts';

/** What was decided about a command; the shape that the engine asks of every entity's rules. */
export type Decision =
  | {
      readonly kind: 'decided';
      readonly events: readonly ConversationEvent[];
      readonly outputs: readonly Output[];
      readonly reply: ConversationReply;
      /** The label under which it is counted beside all others. */
      readonly counted?: 'duplicate' | 'truncated';
    }
  /** The record becomes a dead letter. */
  | { readonly kind: 'refused'; readonly code: 'too-large'; readonly reason: string }
  /**
   * Asks for up to `countMax` events with seq < `seqBefore`, the newest of them. The engine's own
   * events are left out of the answer.
   */
  | {
      readonly kind: 'history';
      readonly seqBefore: number;
      readonly countMax: number;
      readonly resume: (history: readonly PastEvent[]) => Decision;
    };

export type Output = { readonly topic: string; readonly key: string; readonly value: Uint8Array };

/**
 * `seq` counts all events of the entity, the engine's own too; a message's own number is the
 * event's conversationMsgSeq.
 */
export type PastEvent = { readonly seq: number; readonly event: ConversationEvent };

export type DecideContext = {
  /** The seq that the next event will get. */
  readonly seqNext: number;
};

/** For whoever waits for a command's result: of a send, of a request for the latest messages. */
export type ConversationReply = SendReply | LatestMessagesBlock;

/** The number that the message has. `duplicate`: it had it already, and nothing happened. */
export type SendReply = { readonly conversationMsgSeq: number; readonly duplicate: boolean };
