import type { Decoded } from './decoded.ts';
import {
  ANY_COUNT,
  ANY_TEXT,
  type Fields,
  fieldsOf,
  oneOf,
  optionalText,
  text,
  wholeNumber,
} from './fields.ts';
import { decodeJson, encodeJson } from './json-value.ts';
import { CONVERSATION_KEY_BYTES_MAX } from './limits.ts';

/** Where a record is, in one incarnation of its topic. */
export type RecordPosition = {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
};

/**
 * What an operator does about a quarantined entity.
 *
 * - retry: try the parked records again, in order.
 * - skip: leave a parked record out.
 * - edit: put another value in the place of a parked record's.
 */
export type ConversationControl = {
  readonly entityId: string;
  readonly action: 'retry' | 'skip' | 'edit';
  /** The parked record that is meant; the first one if it is left out. */
  readonly position?: RecordPosition | undefined;
  /** For edit: the new value. */
  readonly value?: string | undefined;
};

/** `{"entityId":…,"action":…,"position":{"topicId":…,"partition":…,"offset":…},"value":…}` */
export function encodeConversationControl(control: ConversationControl): Uint8Array {
  const { entityId, action, position, value } = control;
  return encodeJson({
    entityId,
    action,
    position: position && {
      topicId: position.topicId,
      partition: position.partition,
      offset: position.offset,
    },
    value,
  });
}

/** Reads an operator's record, or says what is wrong with it. */
export function decodeConversationControl(bytes: Uint8Array | null): Decoded<ConversationControl> {
  return decodeJson(bytes, readConversationControl);
}

function readConversationControl(fields: Fields): ConversationControl {
  const action = oneOf(fields, 'action', ACTIONS);
  return {
    entityId: text(fields, 'entityId', ENTITY_ID),
    action,
    position: readPosition(fields['position']),
    value:
      action === 'edit' ? text(fields, 'value', ANY_TEXT) : optionalText(fields, 'value', ANY_TEXT),
  };
}

function readPosition(value: unknown): RecordPosition | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = fieldsOf('position', value);
  return {
    topicId: text(fields, 'topicId', ANY_TEXT),
    partition: wholeNumber(fields, 'partition', ANY_COUNT),
    offset: wholeNumber(fields, 'offset', ANY_COUNT),
  };
}

const ACTIONS = ['retry', 'skip', 'edit'] as const;
const ENTITY_ID = { bytesMin: 1, bytesMax: CONVERSATION_KEY_BYTES_MAX } as const;
