import { MalformedMessage } from './malformed-message.ts';
import type { WireReader } from './wire-reader.ts';
import type { NullableWireType, WireType } from './wire-type.ts';
import type { WireWriter } from './wire-writer.ts';

/** The topic id that means "none". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

export const bool: WireType<boolean> = {
  kind: 'bool',
  zero: false,
  encode: (writer, value) => writer.int8(value ? 1 : 0),
  decode: (reader) => reader.int8() !== 0,
};

export const int8 = integer('int8');
export const int16 = integer('int16');
export const int32 = integer('int32');
/** A JavaScript number: exact up to 2^53, see `WireReader`. */
export const int64 = integer('int64');

/** Sixteen bytes, as unpadded base64url text. */
export const uuid: WireType<string> = {
  kind: 'uuid',
  zero: ZERO_UUID,
  encode: (writer, value) => writer.uuid(value),
  decode: (reader) => reader.uuid(),
};

/**
 * Text in UTF-8.
 *
 *     STRING         = length:int16 bytes       null: length -1
 *     COMPACT_STRING = length+1:uvarint bytes   null: 0
 */
export const string: NullableWireType<string> = lengthPrefixed({
  kind: 'string',
  zero: '',
  wideLength: false,
  encodeBody: (writer, value, flexible) => {
    const length = Buffer.byteLength(value);
    writeLength(writer, { length, flexible, wide: false });
    writer.utf8(value, length);
  },
  decodeBody: (reader, length) => reader.utf8(length),
});

/**
 * Opaque bytes. Decoded values are views into the frame.
 *
 *     BYTES         = length:int32 bytes       null: length -1
 *     COMPACT_BYTES = length+1:uvarint bytes   null: 0
 */
export const bytes: NullableWireType<Uint8Array> = lengthPrefixed<Uint8Array>({
  kind: 'bytes',
  zero: new Uint8Array(0),
  wideLength: true,
  encodeBody: (writer, value, flexible) => {
    writeLength(writer, { length: value.byteLength, flexible, wide: true });
    writer.bytes(value);
  },
  decodeBody: (reader, length) => reader.bytes(length),
});

/** Record batches: encoded from the pieces they are cached in, decoded as one view into the frame. */
export const records: NullableWireType<Uint8Array, Uint8Array | readonly Uint8Array[]> =
  lengthPrefixed<Uint8Array, Uint8Array | readonly Uint8Array[]>({
    kind: 'records',
    zero: new Uint8Array(0),
    wideLength: true,
    encodeBody: (writer, value, flexible) => {
      const pieces = value instanceof Uint8Array ? [value] : value;
      let length = 0;
      for (const piece of pieces) length += piece.byteLength;
      writeLength(writer, { length, flexible, wide: true });
      for (const piece of pieces) writer.bytes(piece);
    },
    decodeBody: (reader, length) => reader.bytes(length),
  });

/**
 * A list.
 *
 *     ARRAY         = count:int32 element*       null: count -1
 *     COMPACT_ARRAY = count+1:uvarint element*   null: 0
 */
export function array<Value, Input>(
  element: WireType<Value, Input>,
): NullableWireType<Value[], readonly Input[]> & { readonly element: WireType<Value, Input> } {
  const type = lengthPrefixed<Value[], readonly Input[]>({
    kind: `[]${element.kind}`,
    zero: [],
    wideLength: true,
    encodeBody: (writer, values, flexible, version) => {
      writeLength(writer, { length: values.length, flexible, wide: true });
      for (const value of values) element.encode(writer, value, version, flexible);
    },
    decodeBody: (reader, length, flexible, version) => {
      const values: Value[] = [];
      const count = reader.arrayLength(length);
      for (let index = 0; index < count; index++) {
        values.push(element.decode(reader, version, flexible));
      }
      return values;
    },
  });
  return { ...type, element };
}

function integer(kind: 'int8' | 'int16' | 'int32' | 'int64'): WireType<number> {
  return {
    kind,
    zero: 0,
    encode: (writer, value) => writer[kind](value),
    decode: (reader) => reader[kind](),
  };
}

function lengthPrefixed<Value, Input = Value>(of: {
  kind: string;
  zero: Value;
  /** Whether the classic (not compact) length takes 4 bytes instead of 2. */
  wideLength: boolean;
  encodeBody: (writer: WireWriter, value: Input, flexible: boolean, version: number) => void;
  decodeBody: (reader: WireReader, length: number, flexible: boolean, version: number) => Value;
}): NullableWireType<Value, Input> {
  const { kind, zero, wideLength, encodeBody, decodeBody } = of;
  function decodeOrNull(reader: WireReader, version: number, flexible: boolean): Value | null {
    const length = flexible ? reader.uvarint() - 1 : wideLength ? reader.int32() : reader.int16();
    return length === -1 ? null : decodeBody(reader, length, flexible, version);
  }
  return {
    kind,
    zero,
    encode: (writer, value, version, flexible) => encodeBody(writer, value, flexible, version),
    encodeNull: (writer, flexible) =>
      writeLength(writer, { length: -1, flexible, wide: wideLength }),
    decodeOrNull,
    decode: (reader, version, flexible) => {
      const value = decodeOrNull(reader, version, flexible);
      if (value === null) throw new MalformedMessage(`a ${kind} is null where null is not allowed`);
      return value;
    },
  };
}

function writeLength(
  writer: WireWriter,
  { length, flexible, wide }: { length: number; flexible: boolean; wide: boolean },
): void {
  if (flexible) writer.uvarint(length + 1);
  else if (wide) writer.int32(length);
  else writer.int16(length);
}
