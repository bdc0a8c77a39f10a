import { assert } from '@chat-cluster/kernel';
import { MalformedMessage } from './malformed-message.ts';
import { includesVersion, versionRange, type VersionRange } from './version-range.ts';
import type { NullableWireType, WireType } from './wire-type.ts';

/** A type that may be null in some versions of its message. */
export type Nullable<Value, Input = Value> = WireType<Value | null, Input | null> & {
  readonly nullableVersions: VersionRange;
  readonly inner: NullableWireType<Value, Input>;
};

/**
 * Lets a string, bytes, records or array be null in `versions` (default: all). In other versions null is a
 * malformed message when decoded and a failed assertion when encoded.
 */
export function nullable<Value, Input>(
  inner: NullableWireType<Value, Input>,
  versions = '0+',
): Nullable<Value, Input> {
  const nullableVersions = versionRange(versions);
  return {
    kind: inner.kind,
    zero: inner.zero,
    nullableVersions,
    inner,
    encode(writer, value, version, flexible) {
      if (value !== null) return inner.encode(writer, value, version, flexible);
      assert(includesVersion(nullableVersions, version), `null is not allowed in v${version}`);
      inner.encodeNull(writer, flexible);
    },
    decode(reader, version, flexible) {
      const value = inner.decodeOrNull(reader, version, flexible);
      if (value === null && !includesVersion(nullableVersions, version)) {
        throw new MalformedMessage(`a ${inner.kind} is null, which v${version} does not allow`);
      }
      return value;
    },
  };
}
