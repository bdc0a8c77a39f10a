import type { MemberAssignment, MemberSubscription } from '@chat-cluster/log';
import {
  encodeAssignmentData,
  packMap,
  type AssignedMap,
  type ToldWaits,
} from './assignment-data.ts';
import { decodeIdentity } from './worker-identity.ts';

export const ASSIGNOR_PROTOCOL = 'chat-cluster-sticky-1';

/**
 * Divides partitions 0 … partitionCount - 1 among the members: sizes differ by at most one, and as few as possible move.
 *
 * A partition is never taken from a member in the generation that finds it in the wrong place: that generation still assigns it to its owner, with a mark
 * (the assignment's user data lists what to give up). The owner ends its tenures under a generation that confirms them, joins again without claiming them, and the next generation gives them
 * to their new owner. So every commit of a tenure, the last one included, has a generation that assigns the partition to it.
 *
 * Of two claims to a partition the one of the younger generation counts (KIP-429's rule); equal claims cancel out. Pure and deterministic: members are ordered by name, then id.
 *
 * Each member also gets the map of all shards; a shard that is to be given up is still its owner's.
 *
 * @param waitsOf what the leader knows of leases that may still hold; default: nothing
 */
export function assignPartitions(
  members: readonly MemberSubscription[],
  partitionCount: number,
  waitsOf: (map: Omit<AssignedMap, 'told'>) => ToldWaits = () => NO_WAITS_KNOWN,
): ReadonlyMap<string, MemberAssignment> {
  const sorted = orderByName(members);
  const { owners, contesting } = claimedOwners(members, partitionCount);
  const targets = targetOwners(sorted, owners, partitionCount);
  const result = new Map<string, { partitions: number[]; revoking: number[] }>();
  for (const member of members) result.set(member.memberId, { partitions: [], revoking: [] });
  for (let partition = 0; partition < partitionCount; partition++) {
    const owner = owners[partition];
    const target = targets[partition];
    const given = result.get(owner ?? target ?? '');
    if (given === undefined) continue;
    given.partitions.push(partition);
    if (owner !== undefined && owner !== target) given.revoking.push(partition);
  }
  const given = owners.map((owner, partition) => owner ?? targets[partition]);
  const map = mapOf(sorted, given, contesting);
  const packed = packMap({ ...map, told: waitsOf(map) }, members.length);
  return new Map(
    [...result].map(([memberId, { partitions, revoking }]) => [
      memberId,
      { partitions, userData: encodeAssignmentData(revoking, packed) },
    ]),
  );
}

const NO_WAITS_KNOWN: ToldWaits = { knownGenerationId: -1, waitsMs: [] };

function mapOf(
  members: readonly MemberSubscription[],
  owners: readonly (string | undefined)[],
  contesting: ReadonlySet<string>,
): Omit<AssignedMap, 'told'> {
  const indexes = new Map(members.map(({ memberId }, index) => [memberId, index]));
  return {
    members: members.map(({ memberId, userData, ownedGenerationId }) => {
      const { name, endpoint } = decodeIdentity(userData) ?? { name: '', endpoint: '' };
      const claimGenerationId = contesting.has(memberId) ? -1 : ownedGenerationId;
      return { name, endpoint, memberId, claimGenerationId };
    }),
    owners: owners.map((owner) => indexes.get(owner ?? '') ?? -1),
  };
}

/** For each partition the member that holds it, if exactly one claim is the youngest; and the members whose claims contradict others'. */
function claimedOwners(
  members: readonly MemberSubscription[],
  partitionCount: number,
): { owners: readonly (string | undefined)[]; contesting: ReadonlySet<string> } {
  const owners = Array.from<string | undefined>({ length: partitionCount });
  const claims = Array.from<MemberSubscription | undefined>({ length: partitionCount });
  const contesting = new Set<string>();
  for (const member of members) {
    for (const partition of member.ownedPartitions) {
      if (partition < 0 || partition >= partitionCount) continue;
      const known = claims[partition];
      if (known !== undefined) contesting.add(member.memberId).add(known.memberId);
      if (known === undefined || member.ownedGenerationId > known.ownedGenerationId) {
        owners[partition] = member.memberId;
        claims[partition] = member;
      } else if (member.ownedGenerationId === known.ownedGenerationId) {
        owners[partition] = undefined;
      }
    }
  }
  return { owners, contesting };
}

/** `members` in the order that decides between equals. */
function targetOwners(
  members: readonly MemberSubscription[],
  owners: readonly (string | undefined)[],
  partitionCount: number,
): readonly (string | undefined)[] {
  const held = new Map<string, number[]>(members.map((member) => [member.memberId, []]));
  owners.forEach((owner, partition) => owner !== undefined && held.get(owner)?.push(partition));
  const takers = members.map(({ memberId }) => memberId);
  const byLoad = takers.toSorted((a, b) => (held.get(b)?.length ?? 0) - (held.get(a)?.length ?? 0));
  const quotas = quotasOf(byLoad, partitionCount);
  const targets = Array.from<string | undefined>({ length: partitionCount });
  for (const memberId of byLoad) {
    const kept = (held.get(memberId) ?? []).slice(0, quotas.get(memberId));
    for (const partition of kept) targets[partition] = memberId;
    quotas.set(memberId, (quotas.get(memberId) ?? 0) - kept.length);
  }
  let taker = 0;
  for (let partition = 0; partition < partitionCount; partition++) {
    if (targets[partition] !== undefined) continue;
    taker = nextWithRoom(takers, quotas, taker);
    const memberId = takers[taker];
    if (memberId === undefined) break;
    targets[partition] = memberId;
    quotas.set(memberId, (quotas.get(memberId) ?? 0) - 1);
    taker = (taker + 1) % takers.length;
  }
  return targets;
}

/** The members that hold most get the larger share, so that nothing moves without need. */
function quotasOf(byLoad: readonly string[], partitionCount: number): Map<string, number> {
  const share = Math.floor(partitionCount / Math.max(1, byLoad.length));
  const larger = partitionCount - share * byLoad.length;
  return new Map(byLoad.map((memberId, index) => [memberId, share + (index < larger ? 1 : 0)]));
}

function nextWithRoom(
  takers: readonly string[],
  quotas: ReadonlyMap<string, number>,
  from: number,
): number {
  for (let step = 0; step < takers.length; step++) {
    const index = (from + step) % takers.length;
    if ((quotas.get(takers[index] ?? '') ?? 0) > 0) return index;
  }
  return takers.length;
}

function orderByName(members: readonly MemberSubscription[]): MemberSubscription[] {
  return members
    .map((member) => ({ member, name: decodeIdentity(member.userData)?.name ?? '' }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.member.memberId, b.member.memberId))
    .map(({ member }) => member);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
