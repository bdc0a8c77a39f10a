import type { MemberAssignment, MemberSubscription } from '@chat-cluster/log';
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
 */
export function assignPartitions(
  members: readonly MemberSubscription[],
  partitionCount: number,
): ReadonlyMap<string, MemberAssignment> {
  const owners = claimedOwners(members, partitionCount);
  const targets = targetOwners(members, owners, partitionCount);
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
  return new Map(
    [...result].map(([memberId, { partitions, revoking }]) => [
      memberId,
      { partitions, userData: encodeRevoking(revoking) },
    ]),
  );
}

/** The partitions that a member is asked to give up, from its assignment's user data. Unreadable bytes (another version's) mean none. */
export function decodeRevoking(userData: Uint8Array): readonly number[] {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(userData));
    if (typeof parsed !== 'object' || parsed === null || !('revoking' in parsed)) return [];
    const { revoking } = parsed;
    if (!Array.isArray(revoking)) return [];
    const listed: readonly unknown[] = revoking;
    return listed.filter((partition) => typeof partition === 'number');
  } catch {
    return [];
  }
}

function encodeRevoking(revoking: readonly number[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ revoking }));
}

/** For each partition the member that holds it, if exactly one claim is the youngest. */
function claimedOwners(
  members: readonly MemberSubscription[],
  partitionCount: number,
): readonly (string | undefined)[] {
  const owners = Array.from<string | undefined>({ length: partitionCount });
  const claimGenerations = Array.from({ length: partitionCount }, () => -1);
  for (const member of members) {
    for (const partition of member.ownedPartitions) {
      if (partition < 0 || partition >= partitionCount) continue;
      const known = claimGenerations[partition] ?? -1;
      if (member.ownedGenerationId > known) {
        owners[partition] = member.memberId;
        claimGenerations[partition] = member.ownedGenerationId;
      } else if (member.ownedGenerationId === known) {
        owners[partition] = undefined;
      }
    }
  }
  return owners;
}

function targetOwners(
  members: readonly MemberSubscription[],
  owners: readonly (string | undefined)[],
  partitionCount: number,
): readonly (string | undefined)[] {
  const held = new Map<string, number[]>(members.map((member) => [member.memberId, []]));
  owners.forEach((owner, partition) => owner !== undefined && held.get(owner)?.push(partition));
  const byLoad = orderByName(members).sort(
    (a, b) => (held.get(b)?.length ?? 0) - (held.get(a)?.length ?? 0),
  );
  const quotas = quotasOf(byLoad, partitionCount);
  const targets = Array.from<string | undefined>({ length: partitionCount });
  for (const memberId of byLoad) {
    const kept = (held.get(memberId) ?? []).slice(0, quotas.get(memberId));
    for (const partition of kept) targets[partition] = memberId;
    quotas.set(memberId, (quotas.get(memberId) ?? 0) - kept.length);
  }
  const takers = orderByName(members);
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

function orderByName(members: readonly MemberSubscription[]): string[] {
  return members
    .map(({ memberId, userData }) => ({ memberId, name: decodeIdentity(userData)?.name ?? '' }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.memberId, b.memberId))
    .map(({ memberId }) => memberId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
