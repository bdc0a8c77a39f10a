import type { RecordPosition } from './conversation-control.ts';
import type { Decoded } from './decoded.ts';
import {
  ANY_COUNT,
  ANY_NUMBER,
  ANY_TEXT,
  type Fields,
  fieldsOf,
  list,
  optionalText,
  text,
  wholeNumber,
} from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';

/** A record that waits because its entity is quarantined. */
export type ParkedRecord = RecordPosition & {
  readonly topic: string;
  /** The start of its value, for a person to recognise it; null if it has none. */
  readonly valuePreview: string | null;
};

/**
 * An entity whose code threw: it is left alone until an operator acts. The record is deleted (a
 * tombstone) when the entity is released.
 */
export type ConversationQuarantine = {
  readonly entityId: string;
  /** Time of the record that it failed on, milliseconds since 1970. */
  readonly sinceMs: number;
  /** What was thrown. */
  readonly reason: string;
  readonly parkedCount: number;
  /**
   * In the order in which they will be tried again, the first ones of many; the very first is the
   * one it failed on.
   */
  readonly parked: readonly ParkedRecord[];
};

/**
 * `{"entityId":…,"sinceMs":…,"reason":…,"parkedCount":…,"parked":[{"topic":…,"topicId":…,"partition":…,"offset":…,"valuePreview":…},…]}`
 */
export function encodeConversationQuarantine(quarantine: ConversationQuarantine): Uint8Array {
  const { entityId, sinceMs, reason, parkedCount, parked } = quarantine;
  return encodeJson({
    entityId,
    sinceMs,
    reason,
    parkedCount,
    parked: parked.map(({ topic, topicId, partition, offset, valuePreview }) => ({
      topic,
      topicId,
      partition,
      offset,
      valuePreview,
    })),
  });
}

/** Checks types, not limits. A tombstone is refused with no-value: ask for that first. */
export function decodeConversationQuarantine(
  bytes: Uint8Array | null,
): Decoded<ConversationQuarantine> {
  return decodeJson(bytes, readConversationQuarantine);
}

function readConversationQuarantine(fields: Fields): ConversationQuarantine {
  return {
    entityId: text(fields, 'entityId', ANY_TEXT),
    sinceMs: wholeNumber(fields, 'sinceMs', ANY_NUMBER),
    reason: text(fields, 'reason', ANY_TEXT),
    parkedCount: wholeNumber(fields, 'parkedCount', ANY_COUNT),
    parked: list(fields, 'parked', Number.MAX_SAFE_INTEGER).map(readParkedRecord),
  };
}

function readParkedRecord(item: unknown): ParkedRecord {
  const fields = fieldsOf('parked', item);
  return {
    topic: text(fields, 'topic', ANY_TEXT),
    topicId: text(fields, 'topicId', ANY_TEXT),
    partition: wholeNumber(fields, 'partition', ANY_COUNT),
    offset: wholeNumber(fields, 'offset', ANY_COUNT),
    valuePreview: optionalText(fields, 'valuePreview', ANY_TEXT) ?? null,
  };
}
