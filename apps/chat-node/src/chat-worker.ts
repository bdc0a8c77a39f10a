import {
  allTopics,
  conversationControl,
  conversationEvents,
  conversationQuarantine,
} from '@chat-cluster/contract';
import { conversation } from '@chat-cluster/conversation';
import type { WorkerSetup } from '@chat-cluster/node';

/** What a chat worker works with. */
export type ChatWorkerOptions = Omit<
  WorkerSetup<never, never, never>,
  'definition' | 'topics' | 'controlTopic' | 'quarantineTopic' | 'eventTopic'
>;

/** A worker that runs the conversation's rules. */
export function chatWorker(options: ChatWorkerOptions) {
  return {
    ...options,
    definition: conversation,
    topics: allTopics,
    controlTopic: conversationControl.name,
    eventTopic: conversationEvents.name,
    quarantineTopic: conversationQuarantine.name,
  };
}
