import { latestMessagesBlock, type LatestMessagesRequest } from '@chat-cluster/contract';
import type { DecideContext, Decision } from './decision.ts';
import type { ConversationState } from './initial-state.ts';
import { type FittedBlock, latestMessages } from './latest-messages.ts';

/** A record that asks for the latest messages is answered by a record, and leaves no event. */
export function decideLatest(
  state: ConversationState,
  request: LatestMessagesRequest,
  context: DecideContext,
): Decision {
  return latestMessages(state, request, context, decided);
}

function decided({ block, bytes }: FittedBlock): Decision {
  return {
    kind: 'decided',
    events: [],
    outputs: [{ topic: latestMessagesBlock.name, key: block.conversationKey, value: bytes }],
    reply: block,
    ...(block.truncated ? { counted: 'truncated' } : undefined),
  };
}
