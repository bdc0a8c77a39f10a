/**
 * A value that was read, or why it was not: a code for programs and a sentence for the person who
 * sent it.
 */
export type Decoded<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly code: InvalidValueCode; readonly reason: string };

/**
 * Why a value is refused. None gets better by sending the same bytes again.
 *
 * | code | meaning |
 * | --- | --- |
 * | no-value | the record has no value |
 * | not-utf-8 | the value is not UTF-8 |
 * | not-json | the value is not JSON |
 * | not-protobuf | the value is not a message of protobuf, or not of this type |
 * | missing-field | a field that must be there is not, the object itself included |
 * | wrong-type | a field is of another type |
 * | out-of-range | a number, or the size of a text or list, is outside its limits |
 * | not-text | a text holds half a character (an unpaired surrogate) |
 */
export type InvalidValueCode =
  | 'no-value'
  | 'not-utf-8'
  | 'not-json'
  | 'not-protobuf'
  | 'missing-field'
  | 'wrong-type'
  | 'out-of-range'
  | 'not-text';

/** Thrown by the readers of fields; what reads a record turns it into a Decoded. */
export class InvalidValue extends Error {
  override readonly name = 'InvalidValue';
  readonly code: InvalidValueCode;

  constructor(code: InvalidValueCode, reason: string) {
    super(reason);
    this.code = code;
  }
}
