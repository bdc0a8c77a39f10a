import assert from 'node:assert/strict';
import { systemClock } from '@chat-cluster/kernel';
import type { MemberSubscription } from '../group-member.ts';
import type { CaseMemberOptions } from './case-member.ts';
import type { ContractCase } from './contract-case.ts';
import type { ContractTest } from './contract-cluster.ts';
import { cooperativeAssignor } from './cooperative-assignor.ts';

/** A group of this test: options that all its members share. Sessions outlast the test: nobody is missed by accident. */
export async function groupOptions(
  c: ContractCase,
  partitionCount: number,
): Promise<Omit<CaseMemberOptions, 'name'>> {
  const topics = [await c.topic({ partitionCount }), await c.topic({ partitionCount })];
  return {
    groupId: c.name('group'),
    topics: topics.map(({ topic }) => topic),
    partitionCount,
    sessionTimeoutMs: LONG_MS,
    rebalanceTimeoutMs: LONG_MS,
    heartbeatIntervalMs: 50,
  };
}

/** Five minutes: longer than a test may take. */
const LONG_MS = 300_000;

export function groupTests(test: ContractTest): void {
  test('start resolves with the first assignment', async (c) => {
    const one = c.openMember({ ...(await groupOptions(c, 3)), name: 'one' });
    assert.equal(one.member.current(), undefined);
    assert.equal(one.member.lastConfirmedMs(), -Infinity);
    const startedMs = systemClock.monotonicMs();
    await one.start();
    assert.deepEqual(one.owned, [0, 1, 2]);
    assert.deepEqual(one.member.current(), one.assigned[0]!.generation);
    assert.ok(one.member.lastConfirmedMs() >= startedMs);
  });

  test('two members share co-partitioned topics, and the description shows who has what', async (c) => {
    const options = await groupOptions(c, 4);
    const [one, two] = [
      c.openMember({ ...options, name: 'one' }),
      c.openMember({ ...options, name: 'two' }),
    ];
    await Promise.all([one.start(), two.start()]);
    await one.owns(0, 1);
    await two.owns(2, 3);
    const { state, members } = await c.eventually(async () => {
      const found = await c.log.admin.describeGroup(options.groupId);
      return found.state === 'Stable' ? found : undefined;
    });
    assert.equal(state, 'Stable');
    const seen = members.map(({ memberId, userData, partitions }) => ({
      memberId,
      name: new TextDecoder().decode(userData),
      partitions: [...partitions],
    }));
    const expected = [one, two].map((member, index) => ({
      memberId: member.member.current()!.memberId,
      name: ['one', 'two'][index],
      partitions: [...member.owned],
    }));
    assert.deepEqual(
      seen.toSorted((a, b) => a.partitions[0]! - b.partitions[0]!),
      expected,
    );
    assert.ok(members.every(({ clientHost }) => clientHost.length > 0));
  });

  test('the leader sees what each member owns, and since which generation', async (c) => {
    const options = await groupOptions(c, 2);
    const seen: (readonly MemberSubscription[])[] = [];
    const assign = cooperativeAssignor(2);
    const one = c.openMember({
      ...options,
      name: 'one',
      assignor: (members) => {
        seen.push(members);
        return assign(members);
      },
    });
    await one.start();
    const first = one.member.current()!;
    assert.deepEqual(seen[0]!.map(subscriptionOf), [
      { memberId: first.memberId, name: 'one', owned: [], ownedGenerationId: -1 },
    ]);
    one.member.rejoin();
    one.member.rejoin();
    await one.until(() => one.assigned.length === 2);
    assert.equal(one.joinCount, 2);
    assert.deepEqual(seen[1]!.map(subscriptionOf), [
      {
        memberId: first.memberId,
        name: 'one',
        owned: [0, 1],
        ownedGenerationId: first.generationId,
      },
    ]);
    assert.ok(one.member.current()!.generationId > first.generationId);
  });

  test('what an assignor gives comes to the member: more than partitions, and also nothing', async (c) => {
    const userData = Uint8Array.from([0, 255, 7]);
    const got: unknown[] = [];
    const { partitionCount: _, ...options } = await groupOptions(c, 2);
    const member = c.openLog().openGroupMember({
      ...options,
      protocolName: 'nothing',
      userData: new Uint8Array(),
      assignor: (members) =>
        new Map(members.map(({ memberId }) => [memberId, { partitions: [], userData }])),
    });
    await member.start({
      beforeJoin: () => Promise.resolve([]),
      onAssigned: (_generation, assignment) => got.push(assignment),
      onLost: (reason) => assert.fail(reason),
      onFatal: (error) => assert.fail(error),
    });
    await member.leave();
    const [assignment] = got as [{ partitions: number[]; userData: Uint8Array }];
    assert.deepEqual([...assignment.partitions], []);
    assert.deepEqual([...assignment.userData], [...userData]);
  });

  test('confirm() crosses a heartbeat that is sent after the call', async (c) => {
    // The member's own heartbeats are too rare to help.
    const options = { ...(await groupOptions(c, 1)), heartbeatIntervalMs: 100_000 };
    const one = c.openMember({ ...options, name: 'one' });
    await one.start();
    const { member } = one;
    for (let count = 0; count < 3; count += 1) {
      const askedMs = systemClock.monotonicMs();
      const generations = await Promise.all([member.confirm(), member.confirm(), member.confirm()]);
      assert.ok(member.lastConfirmedMs() >= askedMs);
      for (const generation of generations) assert.deepEqual(generation, member.current());
    }
  });

  test('confirm() rejects for a member that is no longer in the group', async (c) => {
    const options = { ...(await groupOptions(c, 1)), heartbeatIntervalMs: 100_000 };
    const one = c.openMember({ ...options, name: 'one' });
    await assert.rejects(one.member.confirm(), { code: 'not-a-member' });
    await one.start();
    const { memberId } = one.member.current()!;
    const { groupId } = options;
    await c.log.admin.removeMember({ groupId, memberId, reason: 'the test wants it' });
    await assert.rejects(one.member.confirm(), { code: 'not-a-member' });
    await one.until(() => one.lost.length === 1 && one.assigned.length === 2);
    assert.notEqual(one.member.current()!.memberId, memberId);
    await one.member.confirm();
    await one.leave();
    await assert.rejects(one.member.confirm(), { code: 'not-a-member' });
  });

  test('heartbeats keep a session alive that is shorter than the test', async (c) => {
    const sessionTimeoutMs = c.cluster.sessionTimeoutMsMin;
    const one = c.openMember({ ...(await groupOptions(c, 1)), sessionTimeoutMs, name: 'one' });
    await one.start();
    const startMs = systemClock.monotonicMs();
    await c.eventually(() => {
      const isOver = one.member.lastConfirmedMs() > startMs + sessionTimeoutMs * 1.5;
      return isOver ? true : undefined;
    });
    assert.equal(one.assigned.length, 1);
    assert.deepEqual(one.lost, []);
  });

  test('a removed member hears that it is lost, and joins again as a new one', async (c) => {
    const options = await groupOptions(c, 2);
    const [one, two] = [
      c.openMember({ ...options, name: 'one' }),
      c.openMember({ ...options, name: 'two' }),
    ];
    await Promise.all([one.start(), two.start()]);
    await Promise.all([one.owns(0), two.owns(1)]);
    const { memberId } = one.member.current()!;
    const { groupId } = options;
    const assignedCount = two.assigned.length;
    await c.log.admin.removeMember({ groupId, memberId, reason: 'the test wants it' });
    await c.log.admin.removeMember({ groupId, memberId, reason: 'once more does nothing' });
    await one.until(() => one.lost.length === 1);
    // Nobody waits for a session, which would outlast the test.
    await two.until(() => two.assigned.length > assignedCount);
    await Promise.all([one.owns(0), two.owns(1)]);
    assert.notEqual(one.member.current()!.memberId, memberId);
    assert.deepEqual(two.lost, []);
  });

  test('a member with another protocol than the group’s fails for good', async (c) => {
    const options = await groupOptions(c, 1);
    await c.openMember({ ...options, name: 'one' }).start();
    const other = c.openMember({ ...options, name: 'other', protocolName: 'another' });
    await assert.rejects(other.start(), { name: 'LogError', code: 'refused' });
    await other.until(() => other.fatal.length === 1);
  });

  test('leaving before the first assignment ends the start', async (c) => {
    const options = await groupOptions(c, 1);
    const gate = Promise.withResolvers<void>();
    const one = c.openMember({ ...options, name: 'one', beforeJoin: () => gate.promise });
    const starting = one.start();
    const rejected = assert.rejects(starting, { code: 'closed' });
    await one.leave();
    gate.resolve();
    await rejected;
    assert.deepEqual((await c.log.admin.describeGroup(options.groupId)).members, []);
  });
}

function subscriptionOf(subscription: MemberSubscription): unknown {
  const { memberId, userData, ownedPartitions, ownedGenerationId } = subscription;
  const name = new TextDecoder().decode(userData);
  return { memberId, name, owned: [...ownedPartitions], ownedGenerationId };
}
