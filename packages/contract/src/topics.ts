import {
  type ConversationControl,
  decodeConversationControl,
  encodeConversationControl,
} from './conversation-control.ts';
import {
  type ConversationEvent,
  decodeConversationEvent,
  encodeConversationEvent,
} from './conversation-event.ts';
import {
  type ConversationQuarantine,
  decodeConversationQuarantine,
  encodeConversationQuarantine,
} from './conversation-quarantine.ts';
import {
  decodeInstantMessageIn,
  encodeInstantMessageIn,
  type InstantMessageIn,
} from './instant-message-in.ts';
import {
  decodeInstantMessageOut,
  encodeInstantMessageOut,
  type InstantMessageOut,
} from './instant-message-out.ts';
import {
  decodeLatestMessagesBlock,
  encodeLatestMessagesBlock,
  type LatestMessagesBlock,
} from './latest-messages-block.ts';
import {
  decodeLatestMessagesRequest,
  encodeLatestMessagesRequest,
  type LatestMessagesRequest,
} from './latest-messages-request.ts';
import {
  DEAD_LETTER_CONFIGS,
  EVENT_CONFIGS,
  INPUT_CONFIGS,
  OUTPUT_CONFIGS,
  QUARANTINE_CONFIGS,
} from './topic-configs.ts';
import type { Topic, TopicSpec } from './topic.ts';

/** Partitions of a topic that is created and not told otherwise. */
export const PARTITION_COUNT_DEFAULT = 12;

export const instantMessageIn: Topic<InstantMessageIn> = {
  name: 'instant_message_in',
  key: 'conversationKey',
  partitionRule: 'shard',
  configs: INPUT_CONFIGS,
  encode: encodeInstantMessageIn,
  decode: decodeInstantMessageIn,
};

export const instantMessageOut: Topic<InstantMessageOut> = {
  name: 'instant_message_out',
  key: 'conversationKey',
  partitionRule: 'home',
  configs: OUTPUT_CONFIGS,
  encode: encodeInstantMessageOut,
  decode: decodeInstantMessageOut,
};

export const latestMessagesRequest: Topic<LatestMessagesRequest> = {
  name: 'latest_messages_request',
  key: 'conversationKey',
  partitionRule: 'shard',
  configs: INPUT_CONFIGS,
  encode: encodeLatestMessagesRequest,
  decode: decodeLatestMessagesRequest,
};

export const latestMessagesBlock: Topic<LatestMessagesBlock> = {
  name: 'latest_messages_block',
  key: 'conversationKey',
  partitionRule: 'home',
  configs: OUTPUT_CONFIGS,
  encode: encodeLatestMessagesBlock,
  decode: decodeLatestMessagesBlock,
};

export const conversationEvents: Topic<ConversationEvent> = {
  name: 'conversation_events',
  key: 'conversationKey',
  partitionRule: 'shard',
  configs: EVENT_CONFIGS,
  encode: encodeConversationEvent,
  decode: decodeConversationEvent,
};

/**
 * An operator's records; an input like the others, so that what an operator did is replayed like
 * everything else.
 */
export const conversationControl: Topic<ConversationControl> = {
  name: 'conversation_control',
  key: 'entityId',
  partitionRule: 'shard',
  configs: INPUT_CONFIGS,
  encode: encodeConversationControl,
  decode: decodeConversationControl,
};

/**
 * Which entities are quarantined now: the last record of a key counts, and one without a value
 * releases it.
 */
export const conversationQuarantine: Topic<ConversationQuarantine> = {
  name: 'conversation_quarantine',
  key: 'entityId',
  partitionRule: 'home',
  configs: QUARANTINE_CONFIGS,
  encode: encodeConversationQuarantine,
  decode: decodeConversationQuarantine,
};

/** Refused records as they came; dead-letter-headers.ts says what is added. */
export const chatDeadLetter: TopicSpec = {
  name: 'chat_dead_letter',
  key: 'original',
  partitionRule: 'any',
  configs: DEAD_LETTER_CONFIGS,
};

/** Each topic of the chat once. */
export const allTopics: readonly TopicSpec[] = [
  instantMessageIn,
  instantMessageOut,
  latestMessagesRequest,
  latestMessagesBlock,
  conversationEvents,
  conversationControl,
  conversationQuarantine,
  chatDeadLetter,
];
