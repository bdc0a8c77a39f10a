import type { Assignor, MemberAssignment, MemberSubscription } from '../group-member.ts';

/**
 * Spreads partitions evenly over the members in order of their user data; what another member still owns is left out until that one has given it up.
 * Of two claims the one of the younger generation counts.
 */
export function cooperativeAssignor(partitionCount: number): Assignor {
  return (members) => {
    const inOrder = members.toSorted((one, other) => compare(nameOf(one), nameOf(other)));
    const owners = ownersOf(members);
    const given = new Map<string, number[]>(members.map(({ memberId }) => [memberId, []]));
    for (let partition = 0; partition < partitionCount; partition += 1) {
      const target = inOrder[Math.floor((partition * inOrder.length) / partitionCount)]!.memberId;
      const owner = owners.get(partition)?.memberId ?? target;
      if (owner === target) given.get(target)!.push(partition);
    }
    return new Map(
      [...given].map(([memberId, partitions]) => [memberId, assignmentOf(partitions)]),
    );
  };
}

function ownersOf(members: readonly MemberSubscription[]): Map<number, MemberSubscription> {
  const owners = new Map<number, MemberSubscription>();
  for (const member of members) {
    for (const partition of member.ownedPartitions) {
      const other = owners.get(partition);
      if (!other || other.ownedGenerationId < member.ownedGenerationId) {
        owners.set(partition, member);
      }
    }
  }
  return owners;
}

function assignmentOf(partitions: readonly number[]): MemberAssignment {
  return { partitions, userData: new Uint8Array() };
}

function nameOf({ userData }: MemberSubscription): string {
  return new TextDecoder().decode(userData);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
