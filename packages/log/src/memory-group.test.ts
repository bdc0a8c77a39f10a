import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Generation, MemberAssignment } from './group-member.ts';
import { MemoryGroup, type JoinAnswer, type JoinRequest } from './memory-group.ts';
import { VirtualTime } from './virtual-time.ts';

type Joined = Extract<JoinAnswer, { kind: 'joined' }>;

/** A group with a session time-out of 1 s and a rebalance time-out of 3 s, and what a client would do with it. */
function open(initialRebalanceDelayMs = 0) {
  const time = new VirtualTime();
  const { timers } = time;
  const group = new MemoryGroup({ groupId: 'g', timers, initialRebalanceDelayMs });
  const request = (memberId: string, changes: Partial<JoinRequest> = {}): JoinRequest => ({
    memberId,
    clientHost: 'host',
    protocolName: 'p',
    topics: ['t'],
    userData: new Uint8Array(),
    ownedPartitions: [],
    ownedGenerationId: -1,
    sessionTimeoutMs: 1_000,
    rebalanceTimeoutMs: 3_000,
    ...changes,
  });
  const newId = (): string => {
    const answer = group.join(request('')) as Extract<JoinAnswer, { kind: 'member-id-required' }>;
    assert.equal(answer.kind, 'member-id-required');
    return answer.memberId;
  };
  const join = async (memberId: string, changes?: Partial<JoinRequest>): Promise<Joined> => {
    const answer = await group.join(request(memberId, changes));
    assert.ok(answer.kind === 'joined');
    return answer;
  };
  const sync = async ({ generation, members }: Joined): Promise<MemberAssignment> => {
    const assignments = new Map(
      members.map(({ memberId }, index) => [
        memberId,
        { partitions: [index], userData: new Uint8Array() },
      ]),
    );
    return group.sync({ generation, assignments });
  };
  return { time, group, newId, join, sync };
}

type Opened = ReturnType<typeof open>;

/** Joins members and makes the group stable; answers the last generation of each. */
async function stable({ time, newId, join, sync }: Opened, count: number): Promise<Generation[]> {
  const ids = Array.from({ length: count }, newId);
  const answers = await time.settle(Promise.all(ids.map((memberId) => join(memberId))));
  await time.settle(Promise.all(answers.map(sync)));
  return answers.map(({ generation }) => generation);
}

const REBALANCE = { refusal: 'REBALANCE_IN_PROGRESS' };
const UNKNOWN = { refusal: 'UNKNOWN_MEMBER_ID' };
const ILLEGAL = { refusal: 'ILLEGAL_GENERATION' };

describe('a group of the memory broker', () => {
  test('the join phase waits for all ids that were given, then one of them leads', async () => {
    const opened = open();
    const { group, newId, join, sync } = opened;
    const [one, two] = [newId(), newId()];
    const first = join(one);
    assert.equal(group.state, 'PreparingRebalance');
    const answers = await Promise.all([first, join(two)]);
    assert.equal(group.state, 'CompletingRebalance');
    const leaders = answers.filter(({ members }) => members.length > 0);
    assert.deepEqual(
      leaders.map(({ generation, leaderId }) => [generation.memberId, leaderId]),
      [[one, one]],
    );
    assert.deepEqual(
      leaders[0]!.members.map(({ memberId }) => memberId),
      [one, two],
    );
    const assignments = await Promise.all(answers.toReversed().map(sync));
    assert.equal(group.state, 'Stable');
    assert.deepEqual(
      assignments.map(({ partitions }) => partitions),
      [[1], [0]],
    );
  });

  test('an id that was given and never used holds the join phase up for one session', async () => {
    const { time, newId, join } = open();
    const one = newId();
    newId();
    await time.settle(join(one));
    assert.equal(time.nowMs, 1_000);
  });

  test('the first member of an empty group waits for others as long as it is told', async () => {
    const { time, newId, join } = open(100);
    const one = join(newId());
    await time.pass(99);
    const two = join(newId());
    const answers = await time.settle(Promise.all([one, two]));
    assert.equal(time.nowMs, 100);
    assert.deepEqual(
      answers.map(({ generation }) => generation.generationId),
      [1, 1],
    );
  });

  test('a member that is silent for its session is out, and the others rebalance', async () => {
    const opened = open();
    const { time, group } = opened;
    const [one, two] = await stable(opened, 2);
    for (let count = 0; count < 4; count += 1) {
      await time.pass(300);
      if (count < 3) group.heartbeat(one!);
    }
    assert.equal(group.state, 'PreparingRebalance');
    assert.throws(() => group.heartbeat(one!), REBALANCE);
    assert.throws(() => group.heartbeat(two!), UNKNOWN);
  });

  test('a rebalance waits for the members, which go on in the old generation, and not for ever', async () => {
    const opened = open();
    const { time, group, newId, join } = opened;
    const [one, two] = await stable(opened, 2);
    const three = newId();
    const joining = join(three);
    const joiningOne = join(one!.memberId);
    for (let count = 0; count < 9; count += 1) {
      await time.pass(300);
      assert.throws(() => group.heartbeat(two!), REBALANCE);
      group.validateCommit(one!);
      group.validateCommit(two!);
    }
    const [{ generation }] = await time.settle(Promise.all([joining, joiningOne]));
    assert.equal(time.nowMs, 3_000);
    assert.equal(generation.generationId, one!.generationId + 1);
    assert.throws(() => group.validateCommit(two!), UNKNOWN);
    assert.throws(() => group.validateCommit(one!), ILLEGAL);
    group.validateCommit({ ...one!, generationId: generation.generationId });
  });

  test('who waits for the others is not taken for dead', async () => {
    const opened = open();
    const { time, group, newId, join } = opened;
    const [one, two] = await stable(opened, 2);
    const waiting = [join(newId()), join(one!.memberId)];
    for (let count = 0; count < 8; count += 1) {
      await time.pass(300);
      assert.throws(() => group.heartbeat(two!), REBALANCE);
    }
    waiting.push(join(two!.memberId));
    assert.equal((await time.settle(Promise.all(waiting))).length, 3);
  });

  test('who does not fetch its assignment is out: the leader at the rebalance time-out at the latest', async () => {
    const opened = open();
    const { time, group, newId, join, sync } = opened;
    const [one, two] = [newId(), newId()];
    const [, second] = await time.settle(Promise.all([join(one), join(two)]));
    const synced = sync(second);
    await assert.rejects(time.settle(synced), REBALANCE);
    assert.equal(time.nowMs, 1_000);
    const again = await time.settle(join(two));
    assert.equal(again.leaderId, two);
    await assert.rejects(
      sync(again).then(() => join(one)),
      UNKNOWN,
    );
    assert.equal(group.describe().members.length, 1);
  });

  test('leaving empties the group, an id that was only given too, and twice is once', async () => {
    const opened = open();
    const { group, newId } = opened;
    const [one] = await stable(opened, 1);
    group.leave(newId());
    group.leave('nobody');
    assert.equal(group.state, 'Stable');
    group.leave(one!.memberId);
    group.leave(one!.memberId);
    assert.equal(group.state, 'Empty');
    assert.throws(() => group.heartbeat(one!), UNKNOWN);
  });

  test('joining again with nothing new gives a follower its generation again, and lets the leader rebalance', async () => {
    const opened = open();
    const { time, group, join, sync } = opened;
    const [leader, follower] = await stable(opened, 2);
    const again = await time.settle(join(follower!.memberId));
    assert.deepEqual(again.generation, follower);
    assert.deepEqual((await sync(again)).partitions, [1]);
    assert.equal(group.state, 'Stable');
    void join(leader!.memberId);
    assert.equal(group.state, 'PreparingRebalance');
  });

  test('joining again with something new lets the group rebalance, also before it was stable', async () => {
    const opened = open();
    const { time, group, newId, join, sync } = opened;
    const [one, two] = [newId(), newId()];
    const [, second] = await time.settle(Promise.all([join(one), join(two)]));
    const synced = sync(second);
    void join(one, { ownedPartitions: [1] });
    await assert.rejects(synced, REBALANCE);
    assert.equal(group.state, 'PreparingRebalance');
  });

  test('another protocol is refused while somebody is in the group', async () => {
    const opened = open();
    const { group, newId, join } = opened;
    const [one] = await stable(opened, 1);
    const other = newId();
    await assert.rejects(join(other, { protocolName: 'q' }), {
      refusal: 'INCONSISTENT_GROUP_PROTOCOL',
    });
    group.leave(other);
    group.leave(one!.memberId);
    await join(newId(), { protocolName: 'q' });
  });
});
