import {
  type InstantMessageIn,
  encodeInstantMessageOut,
  instantMessageOut,
  VALUE_BYTES_MAX,
} from '@chat-cluster/contract';
import { unreachable } from '@chat-cluster/kernel';
import type { ConversationCommand } from './commands.ts';
import { decideLatest } from './decide-latest.ts';
import type { DecideContext, Decision } from './decision.ts';
import type { ConversationState } from './initial-state.ts';

/** What comes of a command in this state. Changes nothing. */
export function decide(
  state: ConversationState,
  command: ConversationCommand,
  context: DecideContext,
): Decision {
  switch (command.kind) {
    case 'send':
      return decideSend(state, command.message);
    case 'latest':
      return decideLatest(state, command.request, context);
    default:
      return unreachable(command, 'ConversationCommand');
  }
}

/** A message gets the next number, unless it is one that has its number already. */
function decideSend(state: ConversationState, message: InstantMessageIn): Decision {
  const { conversationKey, sender, recipients, body, messageId } = message;
  const duplicateSeq =
    messageId === undefined ? undefined : state.recentIds.seqOf(sender, messageId);
  if (duplicateSeq !== undefined) {
    const reply = { conversationMsgSeq: duplicateSeq, duplicate: true };
    return { kind: 'decided', events: [], outputs: [], reply, counted: 'duplicate' };
  }
  const conversationMsgSeq = state.messageCount;
  const value = encodeInstantMessageOut({
    conversationKey,
    sender,
    recipients,
    conversationMsgSeq,
    body,
    messageId,
  });
  // The event is smaller: it has its type, 18 bytes with braces, where the output has the
  // conversation's key, at least 23.
  if (value.byteLength > VALUE_BYTES_MAX) return tooLarge(value.byteLength);
  return {
    kind: 'decided',
    events: [{ type: 'message', sender, recipients, conversationMsgSeq, body, messageId }],
    outputs: [{ topic: instantMessageOut.name, key: conversationKey, value }],
    reply: { conversationMsgSeq, duplicate: false },
  };
}

/**
 * Each field is within its limit, but many recipients with a long body, or characters that JSON
 * escapes, can be too much together.
 */
function tooLarge(sizeBytes: number): Decision {
  return {
    kind: 'refused',
    code: 'too-large',
    reason: `The message takes ${sizeBytes} bytes as JSON; at most ${VALUE_BYTES_MAX} are allowed. Send a shorter body, or to fewer recipients.`,
  };
}
