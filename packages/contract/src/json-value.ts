import { type Decoded, InvalidValue } from './decoded.ts';
import { type Fields, fieldsOf } from './fields.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * Reads a record's value: one JSON object in UTF-8. Unknown fields are ignored; of a field that is
 * given twice the last one counts, as JSON.parse has it.
 *
 * JSON.parse and hand-written checks: 25,000 and more messages a second pass here. The same schema
 * in zod 4 costs more than twice as much beyond the parsing (0.44 µs against 0.19, codec.bench.ts),
 * and counts UTF-16 units where the limits are in bytes.
 *
 * @param read makes the value of the object's fields, or throws an InvalidValue
 */
export function decodeJson<Value>(
  bytes: Uint8Array | null,
  read: (fields: Fields) => Value,
): Decoded<Value> {
  try {
    return { ok: true, value: read(fieldsOf('The value', parseJson(bytes))) };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { ok: false, code: error.code, reason: error.message };
  }
}

/**
 * The bytes of a value, without spaces, fields in the order of the literal that is passed; those
 * that are undefined are left out.
 */
export function encodeJson(value: object): Uint8Array {
  return encodeUtf8(JSON.stringify(value));
}

function parseJson(bytes: Uint8Array | null): unknown {
  if (bytes === null) throw new InvalidValue('no-value', 'The record has no value.');
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new InvalidValue('not-utf-8', 'The value is not UTF-8.');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidValue('not-json', `The value is not JSON: ${whyNotJson(text, error)}.`);
  }
}

function whyNotJson(text: string, error: unknown): string {
  if (text === '') return 'it is empty';
  if (text.startsWith(BYTE_ORDER_MARK)) return 'it starts with a byte order mark';
  // The platform's message quotes the text around the place, which may hold half a character.
  return error instanceof Error ? error.message.toWellFormed() : 'it cannot be parsed';
}

const BYTE_ORDER_MARK = '\uFEFF';
