import type { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/**
 * One type of Kafka's protocol, in both directions.
 *
 * `Value` is what decoding gives, `Input` what encoding takes (structs may leave out fields that have a default).
 * `flexible` says whether the message's version uses compact lengths and tagged fields (KIP-482).
 */
export type WireType<Value, Input = Value> = {
  /** The name in Kafka's message definitions: `int32`, `string`, `[]string`, `struct`, `[]struct`, … */
  readonly kind: string;
  /** What a field of this type holds when the message's version does not carry it. */
  readonly zero: Value;
  encode(writer: WireWriter, value: Input, version: number, flexible: boolean): void;
  decode(reader: WireReader, version: number, flexible: boolean): Value;
};

/** A type whose length prefix can say "null". Used through `nullable`. */
export type NullableWireType<Value, Input = Value> = WireType<Value, Input> & {
  encodeNull(writer: WireWriter, flexible: boolean): void;
  /** Like `decode`, but null is an answer instead of a malformed message. */
  decodeOrNull(reader: WireReader, version: number, flexible: boolean): Value | null;
};
