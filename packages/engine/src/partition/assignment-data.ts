import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { MapMember } from '../routing/shard-map.ts';

/** What the leader tells each member beside its partitions. The generation is that of the answer that carries it. */
export type AssignmentData = {
  /** The partitions that this member is asked to give up. */
  readonly revoking: readonly number[];
  /** The same for all members; undefined when it was too large, or the bytes were not readable (another version's). */
  readonly map: AssignedMap | undefined;
};

export type AssignedMap = {
  readonly members: readonly AssignedMember[];
  /** For each shard the index of its owner among the members, -1 for none. */
  readonly owners: readonly number[];
  readonly told: ToldWaits;
};

/** What the leader knows of leases that may still hold. Members that were in the generation before know it themselves, others rely on this. */
export type ToldWaits = {
  /** The last generation that the leader got to know; -1 for none. If it is not the one before this, what it tells is void. */
  readonly knownGenerationId: number;
  /** For each shard: how long an earlier owner's lease may hold yet, milliseconds. */
  readonly waitsMs: readonly number[];
};

export type AssignedMember = MapMember & {
  /**
   * What it claimed, it claimed as of this generation, and all its other tenures had ended; -1 when that cannot be told,
   * because its claims contradict another member's.
   */
  readonly claimGenerationId: number;
};

/**
 * The coordinator keeps everybody's data in one record of at most 1,048,588 bytes, with subscriptions and assignments
 * (64 workers of 1,000 partitions of 3 topics: 40 KB). 64 workers with names and endpoints of 60 bytes and 1,000 partitions
 * take 3.2 KB each, 210 KB in all. A map that would take more than 512 KiB in all is left out: better no map than no assignment.
 */
const MAPS_BYTES_MAX = 512 * 1024;
/** What a member unpacks at most. */
const UNPACKED_BYTES_MAX = 4 * 1024 * 1024;
const VERSION = 1;
const HEAD_BYTES = 5;

/**
 * A map as it is given to every member: the same bytes, made once. Raw DEFLATE of JSON
 * `{"members": [[name, endpoint, member id, claim generation]], "owners": [index], "known": generation, "waits": [ms]}`; empty for no map.
 *
 * @param memberCount how many members get it
 */
export function packMap(map: AssignedMap, memberCount: number): Uint8Array {
  const members = map.members.map((member) => [
    member.name,
    member.endpoint,
    member.memberId,
    member.claimGenerationId,
  ]);
  const bytes = deflateRawSync(
    JSON.stringify({
      members,
      owners: map.owners,
      known: map.told.knownGenerationId,
      waits: map.told.waitsMs,
    }),
  );
  return bytes.byteLength * memberCount <= MAPS_BYTES_MAX ? bytes : new Uint8Array();
}

/** Version (1 byte, 1), length of the packed map (4 bytes, big-endian), the map, and the rest: JSON `[shard]`, what is to be given up. */
export function encodeAssignmentData(
  revoking: readonly number[],
  packedMap: Uint8Array,
): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION, 0);
  head.writeUInt32BE(packedMap.byteLength, 1);
  return Buffer.concat([head, packedMap, Buffer.from(JSON.stringify(revoking))]);
}

/** Unreadable bytes (another version's) mean that nothing is to be given up, and no map. */
export function decodeAssignmentData(bytes: Uint8Array): AssignmentData {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.byteLength < HEAD_BYTES || buffer.readUInt8(0) !== VERSION) {
    return { revoking: [], map: undefined };
  }
  const mapEnd = HEAD_BYTES + buffer.readUInt32BE(1);
  const revoking = parse(() => buffer.subarray(mapEnd));
  const map = parse(() =>
    inflateRawSync(buffer.subarray(HEAD_BYTES, mapEnd), { maxOutputLength: UNPACKED_BYTES_MAX }),
  );
  return { revoking: isIntegers(revoking) ? revoking : [], map: readMap(map) };
}

function parse(read: () => Buffer): unknown {
  try {
    return JSON.parse(read().toString());
  } catch {
    return undefined;
  }
}

function readMap(parsed: unknown): AssignedMap | undefined {
  if (!isObject(parsed)) return undefined;
  const { members: listed, owners, known, waits } = parsed;
  if (!Array.isArray(listed) || !isIntegers(owners)) return undefined;
  if (typeof known !== 'number' || !isIntegers(waits)) return undefined;
  const members = listed.map(readMember);
  if (!members.every((member) => member !== undefined)) return undefined;
  if (!owners.every((owner) => owner >= -1 && owner < members.length)) return undefined;
  return { members, owners, told: { knownGenerationId: known, waitsMs: waits } };
}

function readMember(listed: unknown): AssignedMember | undefined {
  if (!Array.isArray(listed)) return undefined;
  const fields: readonly unknown[] = listed;
  const [name, endpoint, memberId, claimGenerationId] = fields;
  if (typeof name !== 'string' || typeof endpoint !== 'string') return undefined;
  if (typeof memberId !== 'string' || typeof claimGenerationId !== 'number') return undefined;
  return { name, endpoint, memberId, claimGenerationId };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isIntegers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((each) => Number.isInteger(each));
}
