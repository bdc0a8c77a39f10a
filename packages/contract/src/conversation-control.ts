import type { Decoded } from './decoded.ts';
import { ANY_COUNT, ANY_TEXT, type Fields, fieldsOf, oneOf, text, wholeNumber } from './fields.ts';
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
 * - retry: decide the first parked record again.
 * - skip: leave the first parked record out.
 * - edit: decide another value in the place of the first parked record's: a text, or any bytes in
 *   base64 (what protobuf is written in).
 *
 * The other parked records follow in order. skip and edit name the record that they mean, so that
 * one which comes twice, or late, changes nothing.
 */
export type ConversationControl =
  | { readonly entityId: string; readonly action: 'retry' }
  | { readonly entityId: string; readonly action: 'skip'; readonly position: RecordPosition }
  | {
      readonly entityId: string;
      readonly action: 'edit';
      readonly position: RecordPosition;
      readonly value: string;
    }
  | {
      readonly entityId: string;
      readonly action: 'edit';
      readonly position: RecordPosition;
      readonly valueBase64: string;
    };

/** `{"entityId":…,"action":…,"position":{"topicId":…,"partition":…,"offset":…},"value":…,"valueBase64":…}` */
export function encodeConversationControl(control: ConversationControl): Uint8Array {
  const { entityId, action } = control;
  const position = action === 'retry' ? undefined : control.position;
  return encodeJson({
    entityId,
    action,
    position: position && {
      topicId: position.topicId,
      partition: position.partition,
      offset: position.offset,
    },
    value: 'value' in control ? control.value : undefined,
    valueBase64: 'valueBase64' in control ? control.valueBase64 : undefined,
  });
}

/** Reads an operator's record, or says what is wrong with it. */
export function decodeConversationControl(bytes: Uint8Array | null): Decoded<ConversationControl> {
  return decodeJson(bytes, readConversationControl);
}

function readConversationControl(fields: Fields): ConversationControl {
  const entityId = text(fields, 'entityId', ENTITY_ID);
  const action = oneOf(fields, 'action', ACTIONS);
  if (action === 'retry') return { entityId, action };
  const position = readPosition(fields['position']);
  if (action === 'skip') return { entityId, action, position };
  if (fields['valueBase64'] !== undefined) {
    const valueBase64 = text(fields, 'valueBase64', ANY_TEXT);
    return { entityId, action, position, valueBase64 };
  }
  return { entityId, action, position, value: text(fields, 'value', ANY_TEXT) };
}

function readPosition(value: unknown): RecordPosition {
  const fields = fieldsOf('position', value);
  return {
    topicId: text(fields, 'topicId', ANY_TEXT),
    partition: wholeNumber(fields, 'partition', ANY_COUNT),
    offset: wholeNumber(fields, 'offset', ANY_COUNT),
  };
}

const ACTIONS = ['retry', 'skip', 'edit'] as const;
const ENTITY_ID = { bytesMin: 1, bytesMax: CONVERSATION_KEY_BYTES_MAX } as const;
