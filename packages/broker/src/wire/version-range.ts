import { assert } from '@chat-cluster/kernel';

/** Versions of a message, both ends included. */
export type VersionRange = { readonly min: number; readonly max: number };

/** No version at all: the flexible range of a message that never became flexible. */
const NO_VERSIONS: VersionRange = { min: Infinity, max: -Infinity };

/** Reads Kafka's notation: `'3'`, `'0-4'`, `'9+'` and `'none'`. */
export function versionRange(text: string): VersionRange {
  if (text === 'none') return NO_VERSIONS;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  assert(match !== null, `"${text}" is not a version range like 3, 0-4 or 9+`);
  const min = Number(match[1]);
  if (match[2] === '+') return { min, max: Infinity };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

export function includesVersion(range: VersionRange, version: number): boolean {
  return version >= range.min && version <= range.max;
}
