/**
 * What a dead letter says about itself: headers that are added after the original ones, each UTF-8
 * text. The value and the key are the original's.
 */
export const DEAD_LETTER_HEADERS = {
  /** Where the record came from. */
  topic: 'dl-topic',
  topicId: 'dl-topic-id',
  partition: 'dl-partition',
  offset: 'dl-offset',
  /** Why, for programs. */
  code: 'dl-code',
  /** Why, for a person: a sentence. */
  reason: 'dl-reason',
  /** The original record's time, milliseconds since 1970. */
  timestamp: 'dl-timestamp',
  /**
   * There only if something was cut because it was too large: `key=BYTES value=BYTES
   * headers=COUNT`, what the original held.
   */
  truncated: 'dl-truncated',
} as const;

/** Every header that starts so is the dead letter's own; the others are the original record's. */
export const DEAD_LETTER_HEADER_PREFIX = 'dl-';

/** Headers of a forwarded record, UTF-8 text each. */
export const FORWARD_HEADERS = {
  /** Where it was first: `topic/topicId/partition/offset`. */
  from: 'fw-from',
  /** Its time there, milliseconds since 1970. */
  time: 'fw-time',
} as const;

/**
 * A record that a node forwarded to its entity's home says so in headers that start so. One
 * that is sent anew must not have them.
 */
export const FORWARD_HEADER_PREFIX = 'fw-';
