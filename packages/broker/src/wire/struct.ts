import { MalformedMessage } from './malformed-message.ts';
import { includesVersion, versionRange, type VersionRange } from './version-range.ts';
import type { WireReader } from './wire-reader.ts';
import type { WireType } from './wire-type.ts';
import { WireWriter } from './wire-writer.ts';

/** One field of a struct. Made by `field`, `optional` and `tagged`. */
export type Field<Value, Input> = {
  readonly type: WireType<Value, Input>;
  /** The versions of the message that carry the field. */
  readonly versions: VersionRange;
  /** The number of a tagged field (KIP-482), or null for one with a fixed place. */
  readonly tag: number | null;
  /** What the field holds in versions that lack it, and what is sent when it is left out. */
  readonly defaultValue: Value;
};

/** A field that may be left out when encoding. */
export type OptionalField<Value, Input> = Field<Value, Input> & { readonly optional: true };

/** `Fields` in the order of the wire. */
export type Fields = { readonly [name: string]: Field<unknown, never> };

/** The object that decoding gives: every field is there, absent ones with their default. */
export type DecodedFields<F extends Fields> = {
  [Name in keyof F]: F[Name] extends Field<infer Value, never> ? Value : never;
};

/** The object that encoding takes: optional fields may be left out. */
export type EncodedFields<F extends Fields> = {
  readonly [Name in keyof F as F[Name] extends { optional: true } ? never : Name]: InputOf<F[Name]>;
} & {
  readonly [Name in keyof F as F[Name] extends { optional: true } ? Name : never]?: InputOf<
    F[Name]
  >;
};

type InputOf<F> = F extends {
  type: { encode(writer: never, value: infer Input, ...rest: never): void };
}
  ? Input
  : never;

export type StructType<F extends Fields> = WireType<DecodedFields<F>, EncodedFields<F>> & {
  readonly fields: F;
};

/** Any struct, when only its fields matter. */
export type AnyStruct = WireType<unknown, never> & { readonly fields: Fields };

/** A field in the given versions of its message (default: all), required when encoding. */
export function field<Value, Input>(
  type: WireType<Value, Input>,
  versions = '0+',
): Field<Value, Input> {
  return { type, versions: versionRange(versions), tag: null, defaultValue: type.zero };
}

/** Like `field`, but it may be left out when encoding; then `defaultValue` (or the type's zero) is sent. */
export function optional<Value, Input>(
  type: WireType<Value, Input>,
  versions = '0+',
  defaultValue: Value = type.zero,
): OptionalField<Value, Input> {
  return { type, versions: versionRange(versions), tag: null, defaultValue, optional: true };
}

/** A tagged field: optional, and sent only when given. */
export function tagged<Value, Input>(
  type: WireType<Value, Input>,
  {
    tag,
    versions,
    defaultValue = type.zero,
  }: { tag: number; versions: string; defaultValue?: Value },
): OptionalField<Value, Input> {
  return { type, versions: versionRange(versions), tag, defaultValue, optional: true };
}

/**
 * A struct: its fields in order, then, in flexible versions, its tagged fields.
 *
 *     STRUCT      = field* [tagged]                  the brackets: flexible versions only
 *     tagged      = count:uvarint entry*             entries ascending by tag
 *     entry       = tag:uvarint size:uvarint value
 *
 * Unknown tags are skipped when decoding and lost, which is what KIP-482 asks of a reader.
 */
export function struct<F extends Fields>(fields: F): StructType<F> {
  const plans: FieldPlan[] = [];
  const planOf = (version: number): FieldPlan => (plans[version] ??= planFields(fields, version));
  return {
    kind: 'struct',
    fields,
    // The mapped types above describe what the loops below build field by field; the compiler cannot follow that.
    zero: zeroOf(fields) as DecodedFields<F>,
    encode(writer, value, version, flexible) {
      encodeFields(writer, value, { plan: planOf(version), version, flexible });
    },
    decode(reader, version, flexible) {
      const plan = planOf(version);
      return decodeFields(reader, { plan, version, flexible }) as DecodedFields<F>;
    },
  };
}

type UnknownFields = { [name: string]: unknown };

type NamedField = {
  readonly name: string;
  readonly type: WireType<unknown, unknown>;
  readonly defaultValue: unknown;
  readonly tag: number;
  readonly isPresent: boolean;
};

/** The fields of a struct as one version of its message has them; computed once per version. */
type FieldPlan = { readonly plain: readonly NamedField[]; readonly tagged: readonly NamedField[] };

type Coding = { plan: FieldPlan; version: number; flexible: boolean };

function planFields(fields: Fields, version: number): FieldPlan {
  const named = Object.entries(fields).map(([name, { type, versions, tag, defaultValue }]) => ({
    name,
    // Input types are erased here: `struct` hands each field only what its own declaration typed.
    type: type as WireType<unknown, unknown>,
    defaultValue,
    tag: tag ?? -1,
    isPresent: includesVersion(versions, version),
  }));
  const inOrderOfTag = named.filter((entry) => entry.tag >= 0).sort((a, b) => a.tag - b.tag);
  return { plain: named.filter((entry) => entry.tag < 0), tagged: inOrderOfTag };
}

function zeroOf(fields: Fields): UnknownFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { defaultValue }]) => [name, defaultValue]),
  );
}

function encodeFields(
  writer: WireWriter,
  value: UnknownFields,
  { plan, version, flexible }: Coding,
): void {
  for (const { name, type, defaultValue, isPresent } of plan.plain) {
    if (!isPresent) continue;
    const given = value[name];
    type.encode(writer, given === undefined ? defaultValue : given, version, flexible);
  }
  if (flexible) encodeTagged(writer, value, { plan, version, flexible });
}

function encodeTagged(
  writer: WireWriter,
  value: UnknownFields,
  { plan, version, flexible }: Coding,
): void {
  const given = plan.tagged.filter((entry) => entry.isPresent && value[entry.name] !== undefined);
  writer.uvarint(given.length);
  for (const { name, type, tag } of given) {
    const body = new WireWriter();
    type.encode(body, value[name], version, flexible);
    writer.uvarint(tag);
    writer.uvarint(body.sizeBytes);
    for (const chunk of body.finish()) writer.bytes(chunk);
  }
}

function decodeFields(reader: WireReader, { plan, version, flexible }: Coding): UnknownFields {
  const value: UnknownFields = {};
  for (const { name, type, defaultValue, isPresent } of plan.plain) {
    value[name] = isPresent ? type.decode(reader, version, flexible) : defaultValue;
  }
  for (const { name, defaultValue } of plan.tagged) value[name] = defaultValue;
  if (flexible) decodeTagged(reader, value, { plan, version, flexible });
  return value;
}

function decodeTagged(
  reader: WireReader,
  value: UnknownFields,
  { plan, version, flexible }: Coding,
): void {
  const count = reader.arrayLength(reader.uvarint());
  for (let index = 0; index < count; index++) {
    const tag = reader.uvarint();
    const sizeBytes = reader.uvarint();
    const known = plan.tagged.find((entry) => entry.isPresent && entry.tag === tag);
    if (known === undefined) {
      reader.bytes(sizeBytes);
      continue;
    }
    const remainingAfter = reader.remaining - sizeBytes;
    value[known.name] = known.type.decode(reader, version, flexible);
    if (reader.remaining !== remainingAfter) {
      throw new MalformedMessage(`the tagged field ${known.name} does not have its stated size`);
    }
  }
}
