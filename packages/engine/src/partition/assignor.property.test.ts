import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MemberAssignment, MemberSubscription } from '@chat-cluster/log';
import { decodeAssignmentData } from './assignment-data.ts';
import { assignPartitions } from './assignor.ts';
import { encodeIdentity } from './worker-identity.ts';

function memberOf(
  name: string,
  owned: readonly number[] = [],
  generationId = 1,
): MemberSubscription {
  return {
    memberId: `${name}-id`,
    userData: encodeIdentity({ name, endpoint: `${name}:1` }),
    ownedPartitions: owned,
    ownedGenerationId: owned.length === 0 ? -1 : generationId,
  };
}

type Assignments = ReadonlyMap<string, MemberAssignment>;

function partitionsOf(assignments: Assignments, memberId: string): readonly number[] {
  return assignments.get(memberId)?.partitions ?? [];
}

function revokingOf(assignment: MemberAssignment | undefined): readonly number[] {
  return decodeAssignmentData(assignment?.userData ?? new Uint8Array()).revoking;
}

/** What the members claim in the next generation, when each has given up what it was told to. */
function nextGeneration(
  members: readonly MemberSubscription[],
  assignments: Assignments,
): MemberSubscription[] {
  return members.map((member) => {
    const assignment = assignments.get(member.memberId);
    const revoking = revokingOf(assignment);
    const owned = (assignment?.partitions ?? []).filter((each) => !revoking.includes(each));
    return { ...member, ownedPartitions: owned, ownedGenerationId: member.ownedGenerationId + 2 };
  });
}

function sizesOf(assignments: Assignments): number[] {
  return [...assignments.values()].map(({ partitions }) => partitions.length);
}

function assertEachOnce(assignments: Assignments, partitionCount: number): void {
  const all = [...assignments.values()].flatMap(({ partitions }) => partitions);
  assert.deepEqual(
    all.toSorted((a, b) => a - b),
    Array.from({ length: partitionCount }, (_, partition) => partition),
  );
}

/** Members of which each owns some of the partitions, no two the same. */
const groups = fc
  .record({
    partitionCount: fc.integer({ min: 1, max: 40 }),
    memberCount: fc.integer({ min: 1, max: 12 }),
    seed: fc.array(fc.nat(12), { minLength: 40, maxLength: 40 }),
  })
  .map(({ partitionCount, memberCount, seed }) => {
    const owned = Array.from({ length: memberCount }, (): number[] => []);
    for (let partition = 0; partition < partitionCount; partition++) {
      owned[seed[partition] ?? 0]?.push(partition); // those of members that are gone are nobody's
    }
    return { partitionCount, members: owned.map((each, index) => memberOf(`m${index}`, each)) };
  });

test('every partition is given to one member in every generation', () => {
  fc.assert(
    fc.property(groups, ({ members, partitionCount }) => {
      const first = assignPartitions(members, partitionCount);
      assertEachOnce(first, partitionCount);
      assertEachOnce(
        assignPartitions(nextGeneration(members, first), partitionCount),
        partitionCount,
      );
    }),
  );
});

test('no partition is taken from its owner in the generation that finds it in the wrong place', () => {
  fc.assert(
    fc.property(groups, ({ members, partitionCount }) => {
      const assignments = assignPartitions(members, partitionCount);
      for (const { memberId, ownedPartitions } of members) {
        const given = new Set(partitionsOf(assignments, memberId));
        assert.ok(ownedPartitions.every((partition) => given.has(partition)));
      }
    }),
  );
});

test('after one hand-over sizes differ by at most one, nothing is marked, and nothing moves any more', () => {
  fc.assert(
    fc.property(groups, ({ members, partitionCount }) => {
      const handedOver = nextGeneration(members, assignPartitions(members, partitionCount));
      const settled = assignPartitions(handedOver, partitionCount);
      const sizes = sizesOf(settled);
      assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join());
      for (const given of settled.values()) assert.deepEqual(revokingOf(given), []);
      const again = assignPartitions(nextGeneration(handedOver, settled), partitionCount);
      assert.deepEqual(ownersOf(again), ownersOf(settled));
      for (const given of again.values()) assert.deepEqual(revokingOf(given), []);
    }),
  );
});

test('no more partitions move than must for the sizes to be even', () => {
  fc.assert(
    fc.property(groups, ({ members, partitionCount }) => {
      const assignments = assignPartitions(members, partitionCount);
      const moved = [...assignments.values()].flatMap(revokingOf);
      const share = Math.floor(partitionCount / members.length);
      const larger = partitionCount % members.length;
      const sizes = members.map(({ ownedPartitions }) => ownedPartitions.length);
      const mustMove = sizes
        .toSorted((a, b) => b - a)
        .map((size, index) => Math.max(0, size - share - (index < larger ? 1 : 0)))
        .reduce((sum, count) => sum + count, 0);
      assert.equal(moved.length, mustMove);
    }),
  );
});

test('the order of the members makes no difference', () => {
  const ranks = fc.array(fc.nat(), { minLength: 12, maxLength: 12 });
  fc.assert(
    fc.property(groups, ranks, ({ members, partitionCount }, drawn) => {
      const rank = new Map(members.map(({ memberId }, index) => [memberId, drawn[index] ?? 0]));
      const shuffled = members.toSorted(
        (a, b) => (rank.get(a.memberId) ?? 0) - (rank.get(b.memberId) ?? 0),
      );
      const sorted = (assignments: Assignments): unknown[] =>
        [...assignments].toSorted(([a], [b]) => (a < b ? -1 : 1));
      assert.deepEqual(
        sorted(assignPartitions(shuffled, partitionCount)),
        sorted(assignPartitions(members, partitionCount)),
      );
    }),
  );
});

test('of two claims the one of the younger generation counts, and equal ones are nobody’s', () => {
  const young = memberOf('young', [0, 1], 7);
  const old = memberOf('old', [0, 2], 5);
  const claims = assignPartitions([old, young], 3);
  assert.ok(partitionsOf(claims, young.memberId).includes(0));
  assert.ok(!partitionsOf(claims, old.memberId).includes(0));
  const [one, other] = [memberOf('one', [0, 1], 5), memberOf('other', [0, 2], 5)];
  const equal = assignPartitions([one, other], 3);
  assertEachOnce(equal, 3);
  for (const given of equal.values()) assert.deepEqual(revokingOf(given), []);
  const twins = [memberOf('one', [0, 1], 5), memberOf('other', [0, 1], 5)];
  for (const members of [twins, twins.toReversed()]) {
    const shared = assignPartitions(members, 2);
    assert.deepEqual(partitionsOf(shared, 'one-id'), [0]);
    assert.deepEqual(partitionsOf(shared, 'other-id'), [1]);
  }
});

test('claims to partitions that there are not are passed over', () => {
  const assignments = assignPartitions([memberOf('m', [-1, 0, 99])], 2);
  assert.deepEqual(partitionsOf(assignments, 'm-id'), [0, 1]);
});

/** The map that all members get is the same one; of each shard the member that owns it. */
function ownersOf(assignments: Assignments): readonly string[] {
  const maps = [...assignments.values()].map(({ userData }) => decodeAssignmentData(userData).map);
  for (const map of maps) assert.deepEqual(map, maps[0]);
  return maps[0]?.owners.map((owner) => maps[0]?.members[owner]?.memberId ?? '') ?? [];
}

test('every member gets the map of what each of them is assigned, what it is to give up included', () => {
  fc.assert(
    fc.property(groups, ({ members, partitionCount }) => {
      const assignments = assignPartitions(members, partitionCount);
      const owners = ownersOf(assignments);
      assert.equal(owners.length, partitionCount);
      for (const { memberId } of members) {
        const owned = [...owners.keys()].filter((shard) => owners[shard] === memberId);
        assert.deepEqual(owned, partitionsOf(assignments, memberId));
      }
    }),
  );
});

test('the map tells as of which generation a member claims, and that nothing can be told of contradicting claims', () => {
  const claimsOf = (members: readonly MemberSubscription[]): unknown => {
    const [given] = assignPartitions(members, 3).values();
    const { map } = decodeAssignmentData(given?.userData ?? new Uint8Array());
    return map?.members.map(({ name, claimGenerationId }) => [name, claimGenerationId]);
  };
  const [a, b] = [memberOf('a', [0], 7), memberOf('b', [1], 6)];
  assert.deepEqual(claimsOf([b, a]), [
    ['a', 7],
    ['b', 6],
  ]);
  assert.deepEqual(claimsOf([a, b, memberOf('c', [0, 2], 5)]), [
    ['a', -1],
    ['b', 6],
    ['c', -1],
  ]);
});

test('a thousand members share a thousand partitions and more', () => {
  const members = Array.from({ length: 1_000 }, (_, index) => memberOf(`m${index}`));
  for (const partitionCount of [1, 999, 1_000, 2_500]) {
    const assignments = assignPartitions(members, partitionCount);
    assertEachOnce(assignments, partitionCount);
    const sizes = sizesOf(assignments);
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1);
  }
});
