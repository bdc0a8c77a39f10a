import {
  type ConversationControl,
  decodeConversationControl,
  encodeConversationControl,
} from '../conversation-control.ts';
import {
  type ConversationQuarantine,
  decodeConversationQuarantine,
  encodeConversationQuarantine,
} from '../conversation-quarantine.ts';
import {
  DEAD_LETTER_CONFIGS,
  EVENT_CONFIGS,
  INPUT_CONFIGS,
  QUARANTINE_CONFIGS,
} from '../topic-configs.ts';
import type { Topic, TopicSpec } from '../topic.ts';
import { decodePurchaseEvent, encodePurchaseEvent, type PurchaseEvent } from './purchase-event.ts';
import { decodeUserPurchase, encodeUserPurchase, type UserPurchase } from './user-purchase.ts';

/** Of the purchases' topics, when they are created and nobody says otherwise. */
export const PURCHASES_PARTITION_COUNT_DEFAULT = 128;

/** The entity type: a user with what he bought. */
export const USER_PROCESSING = 'user-processing';

/** What is bought. Other programs write it too, so its value is protobuf. */
export const userEvents: Topic<UserPurchase> = {
  name: 'user-events',
  key: 'userId',
  partitionRule: 'shard',
  configs: INPUT_CONFIGS,
  encode: encodeUserPurchase,
  decode: decodeUserPurchase,
};

export const userProcessingEvents: Topic<PurchaseEvent> = {
  name: `${USER_PROCESSING}_events`,
  key: 'userId',
  partitionRule: 'shard',
  configs: EVENT_CONFIGS,
  encode: encodePurchaseEvent,
  decode: decodePurchaseEvent,
};

/** As conversation_control is for conversations. */
export const userProcessingControl: Topic<ConversationControl> = {
  name: `${USER_PROCESSING}_control`,
  key: 'entityId',
  partitionRule: 'shard',
  configs: INPUT_CONFIGS,
  encode: encodeConversationControl,
  decode: decodeConversationControl,
};

/** As conversation_quarantine is for conversations. */
export const userProcessingQuarantine: Topic<ConversationQuarantine> = {
  name: `${USER_PROCESSING}_quarantine`,
  key: 'entityId',
  partitionRule: 'home',
  configs: QUARANTINE_CONFIGS,
  encode: encodeConversationQuarantine,
  decode: decodeConversationQuarantine,
};

/** Refused records as they came; dead-letter-headers.ts says what is added. */
export const userEventsDeadLetter: TopicSpec = {
  name: 'user-events-dead-letter',
  key: 'original',
  partitionRule: 'any',
  configs: DEAD_LETTER_CONFIGS,
};

/** Each topic of the purchases once. */
export const purchasesTopics: readonly TopicSpec[] = [
  userEvents,
  userProcessingEvents,
  userProcessingControl,
  userProcessingQuarantine,
  userEventsDeadLetter,
];
