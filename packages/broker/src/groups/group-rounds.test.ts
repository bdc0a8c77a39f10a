import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  assignmentFor,
  GroupHarness,
  REBALANCE_TIMEOUT_MS,
  SESSION_TIMEOUT_MS,
  subscriptionOf,
} from './group-harness.ts';

const { NONE, REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID } = ErrorCode;

/** A heartbeat of a dynamic member. */
function heartbeat(harness: GroupHarness, memberId: string, generationId = 1): ErrorCode {
  return harness.group.heartbeat({ memberId, groupInstanceId: null, generationId });
}

describe('a round', () => {
  test('gives the leader what everybody said, and the others nothing', async () => {
    const harness = new GroupHarness();
    const joins = await harness.completing([{}, { groupInstanceId: 'static' }, {}]);
    const [leader, ...followers] = joins;
    assert.deepEqual(
      leader?.members.map(({ memberId }) => memberId),
      joins.map(({ memberId }) => memberId),
    );
    assert.deepEqual(leader?.members[1]?.groupInstanceId, 'static');
    assert.deepEqual(leader?.members[0]?.metadata, subscriptionOf(['topic']));
    for (const follower of followers) {
      assert.deepEqual(follower.members, []);
      assert.equal(follower.leader, leader?.memberId);
      assert.equal(follower.generationId, leader?.generationId);
      assert.equal(follower.protocolName, 'range');
    }
  });

  test('of an empty group waits for more members, each time one has come', () => {
    const harness = new GroupHarness({ initialRebalanceDelayMs: 100 });
    const first = harness.join({ requiresMemberId: false });
    harness.timers.advance(99);
    const second = harness.join({ requiresMemberId: false });
    harness.timers.advance(1);
    assert.equal(first.answers.length, 0, 'the newcomer has extended the wait');
    harness.timers.advance(100);
    assert.equal(first.answer?.generationId, 1);
    assert.equal(second.answer?.generationId, 1);
  });

  test('of an empty group waits no longer than its members have patience', () => {
    const harness = new GroupHarness({ initialRebalanceDelayMs: 100 });
    const patient = { requiresMemberId: false, rebalanceTimeoutMs: 250 };
    const first = harness.join(patient);
    for (let elapsedMs = 0; elapsedMs < 240; elapsedMs += 60) {
      harness.timers.advance(60);
      harness.join(patient);
    }
    harness.timers.advance(10);
    assert.equal(first.answer?.errorCode, NONE);
  });

  test('waits for a member that was sent back for its id', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable();
    const expected = harness.join().answer?.memberId ?? '';
    const rejoin = harness.join({ memberId: leader });
    assert.equal(rejoin.answers.length, 0);
    harness.join({ memberId: expected });
    assert.equal(rejoin.answer?.members.length, 2);
  });

  test('waits for such a member only as long as its session lasts', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable();
    harness.join();
    const rejoin = harness.join({ memberId: leader });
    harness.timers.advance(SESSION_TIMEOUT_MS);
    assert.equal(rejoin.answer?.members.length, 1);
  });

  test('goes on without those who do not join in time, static members excepted', async () => {
    const harness = new GroupHarness();
    const longSession = { sessionTimeoutMs: 10 * REBALANCE_TIMEOUT_MS };
    const [leader = '', absent = '', fixed = ''] = await harness.stable([
      longSession,
      longSession,
      { ...longSession, groupInstanceId: 'static' },
    ]);
    const rejoin = harness.join({ memberId: leader, ...longSession });
    harness.timers.advance(REBALANCE_TIMEOUT_MS);
    const members = rejoin.answer?.members.map(({ memberId }) => memberId);
    assert.deepEqual(members, [leader, fixed]);
    assert.equal(heartbeat(harness, absent, 2), UNKNOWN_MEMBER_ID);
    // The static member is not asked to sync: the generation is stable without it.
    harness.sync({ memberId: leader, generationId: 2 });
    await harness.settle();
    harness.timers.advance(2 * REBALANCE_TIMEOUT_MS);
    assert.equal(harness.group.phaseName, 'Stable');
  });

  test('is led by somebody else when the leader does not join', async () => {
    const harness = new GroupHarness();
    const [, follower = ''] = await harness.stable([{}, {}]);
    const other = [{ name: 'range', metadata: subscriptionOf(['other']) }];
    const rejoin = harness.join({ memberId: follower, protocols: other });
    harness.timers.advance(REBALANCE_TIMEOUT_MS);
    assert.equal(rejoin.answer?.leader, follower);
    assert.equal(rejoin.answer?.members.length, 1);
  });

  test('waits longer when only static members are left and none of them is there', async () => {
    const harness = new GroupHarness();
    const longSession = { sessionTimeoutMs: 10 * REBALANCE_TIMEOUT_MS };
    const [leader = '', fixed = ''] = await harness.stable([
      {},
      { ...longSession, groupInstanceId: 'static' },
    ]);
    harness.group.leave({ memberId: leader, groupInstanceId: null });
    harness.timers.advance(3 * REBALANCE_TIMEOUT_MS);
    assert.equal(harness.group.phaseName, 'PreparingRebalance');
    const back = harness.join({ ...longSession, memberId: fixed, groupInstanceId: 'static' });
    assert.equal(back.answer?.leader, fixed);
  });

  test('elects the protocol that most members like best among those that all know', async () => {
    const harness = new GroupHarness();
    const offering = (...names: string[]) => ({
      protocols: names.map((name) => ({ name, metadata: new Uint8Array([names.length]) })),
    });
    const [leader] = await harness.completing([
      offering('sticky', 'range', 'roundrobin'),
      offering('roundrobin', 'range'),
      offering('roundrobin', 'range', 'other'),
    ]);
    assert.equal(leader?.protocolName, 'roundrobin');
    assert.deepEqual(
      leader?.members.map(({ metadata }) => metadata[0]),
      [3, 2, 3],
    );
  });

  test('answers a join that is asked for again on the newer request', async () => {
    const harness = new GroupHarness();
    const [leader = '', follower = ''] = await harness.stable([{}, {}]);
    const lost = harness.join({ memberId: leader });
    const again = harness.join({ memberId: leader });
    assert.equal(lost.answer?.errorCode, REBALANCE_IN_PROGRESS);
    assert.equal(again.answers.length, 0);
    harness.join({ memberId: follower });
    assert.equal(again.answer?.errorCode, NONE);
    assert.equal(lost.answers.length, 1);
  });

  test('answers everybody that waits when the broker goes', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable([{}, {}]);
    const parked = harness.join({ memberId: leader });
    harness.group.close();
    assert.equal(parked.answer?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    assert.equal(harness.timers.nextDueInMs(), undefined, 'no timer is left');
  });
});

describe('an assignment', () => {
  test('reaches followers that asked before the leader brought it, and after', async () => {
    const harness = new GroupHarness();
    const joins = await harness.completing([{}, {}, {}]);
    const [leader = '', early = '', late = ''] = joins.map(({ memberId }) => memberId);
    const assignments = [leader, early, late].map((memberId) => ({
      memberId,
      assignment: assignmentFor(memberId),
    }));
    const earlySync = harness.sync({ memberId: early, generationId: 1 });
    const leaderSync = harness.sync({ memberId: leader, generationId: 1, assignments });
    await harness.settle();
    const lateSync = harness.sync({ memberId: late, generationId: 1 });
    assert.deepEqual(earlySync.answer?.assignment, assignmentFor(early));
    assert.deepEqual(leaderSync.answer?.assignment, assignmentFor(leader));
    assert.deepEqual(lateSync.answer?.assignment, assignmentFor(late));
  });

  test('is empty for a member that the leader forgot', async () => {
    const harness = new GroupHarness();
    const [leader, follower] = await harness.completing([{}, {}]);
    const sync = harness.sync({ memberId: follower?.memberId ?? '', generationId: 1 });
    harness.sync({ memberId: leader?.memberId ?? '', generationId: 1 });
    await harness.settle();
    assert.equal(sync.answer?.errorCode, NONE);
    assert.equal(sync.answer?.assignment.byteLength, 0);
  });

  test('is answered only when it is durable', async () => {
    const harness = new GroupHarness();
    const [leader] = await harness.completing([{}]);
    harness.heldWrites = [];
    const sync = harness.sync({ memberId: leader?.memberId ?? '', generationId: 1 });
    await harness.settle();
    assert.equal(sync.answers.length, 0);
    assert.equal(harness.group.phaseName, 'CompletingRebalance');
    harness.heldWrites[0]?.succeed();
    await harness.settle();
    assert.equal(sync.answer?.errorCode, NONE);
    assert.equal(harness.group.phaseName, 'Stable');
  });

  test('that cannot be written begins a new round', async () => {
    const harness = new GroupHarness();
    const [leader] = await harness.completing([{}]);
    harness.heldWrites = [];
    const sync = harness.sync({ memberId: leader?.memberId ?? '', generationId: 1 });
    harness.heldWrites[0]?.fail();
    await harness.settle();
    assert.equal(sync.answer?.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    assert.equal(harness.group.phaseName, 'PreparingRebalance');
  });

  test('that is durable too late does not settle a group that has gone on', async () => {
    const harness = new GroupHarness();
    const [leader] = await harness.completing([{}]);
    const memberId = leader?.memberId ?? '';
    harness.heldWrites = [];
    const sync = harness.sync({ memberId, generationId: 1 });
    harness.join({ requiresMemberId: false });
    assert.equal(sync.answer?.errorCode, REBALANCE_IN_PROGRESS);
    const rejoin = harness.join({ memberId });
    assert.equal(rejoin.answer?.generationId, 2);
    harness.heldWrites[0]?.succeed();
    await harness.settle();
    assert.equal(harness.group.phaseName, 'CompletingRebalance');
  });

  test('is waited for no longer than a rebalance may take: who did not sync is out', async () => {
    const harness = new GroupHarness();
    const long = { sessionTimeoutMs: 10 * REBALANCE_TIMEOUT_MS };
    const joins = await harness.completing([long, long]);
    const [leader = '', silent = ''] = joins.map(({ memberId }) => memberId);
    harness.sync({ memberId: leader, generationId: 1 });
    await harness.settle();
    assert.equal(harness.group.phaseName, 'Stable');
    harness.timers.advance(REBALANCE_TIMEOUT_MS);
    assert.equal(harness.group.phaseName, 'PreparingRebalance');
    assert.equal(heartbeat(harness, silent), UNKNOWN_MEMBER_ID);
    assert.equal(heartbeat(harness, leader), REBALANCE_IN_PROGRESS);
  });
});

describe('a session', () => {
  test('ends a member that is silent, and the others share its work', async () => {
    const harness = new GroupHarness();
    const [leader = '', silent = ''] = await harness.stable([{}, {}]);
    harness.timers.advance(SESSION_TIMEOUT_MS - 1);
    assert.equal(heartbeat(harness, leader), NONE);
    harness.timers.advance(1);
    assert.equal(heartbeat(harness, leader), REBALANCE_IN_PROGRESS);
    assert.equal(heartbeat(harness, silent), UNKNOWN_MEMBER_ID);
  });

  test('goes on with heartbeats, offset commits and syncs', async () => {
    const harness = new GroupHarness();
    const [memberId = ''] = await harness.stable();
    const identity = { memberId, groupInstanceId: null, generationId: 1 };
    for (const sign of [
      () => heartbeat(harness, memberId),
      () => harness.group.checkCommit(identity),
      () => harness.sync({ memberId, generationId: 1 }).answer?.errorCode,
    ]) {
      harness.timers.advance(SESSION_TIMEOUT_MS - 1);
      assert.equal(sign(), NONE);
    }
    harness.timers.advance(SESSION_TIMEOUT_MS - 1);
    assert.equal(harness.group.phaseName, 'Stable');
    harness.timers.advance(1);
    assert.equal(harness.group.phaseName, 'Empty');
  });

  test('does not end while the member waits for the others to join', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable([{}, { sessionTimeoutMs: 1e6 }]);
    const rejoin = harness.join({ memberId: leader });
    harness.timers.advance(REBALANCE_TIMEOUT_MS - 1);
    assert.equal(rejoin.answers.length, 0);
    harness.timers.advance(1);
    assert.equal(rejoin.answer?.errorCode, NONE);
  });

  test('of a new member ends after five minutes of waiting: its client may be gone', async () => {
    const harness = new GroupHarness();
    const patient = { sessionTimeoutMs: 1e6, rebalanceTimeoutMs: 1e6 };
    await harness.stable([patient]);
    const parked = harness.join({ ...patient, requiresMemberId: false });
    harness.timers.advance(harness.options.newMemberJoinTimeoutMs);
    assert.equal(parked.answer?.errorCode, UNKNOWN_MEMBER_ID);
  });
});

describe('a group', () => {
  test('has no more members than it may', async () => {
    const harness = new GroupHarness({ memberCountMax: 2 });
    const [leader = ''] = await harness.stable();
    const expected = harness.join().answer?.memberId ?? '';
    const third = harness.join();
    assert.equal(third.answer?.errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED);
    harness.join({ memberId: expected });
    const rejoin = harness.join({ memberId: leader });
    assert.equal(rejoin.answer?.members.length, 2);
  });

  test('answers the parked join of a member that somebody else removes', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable([{}, {}]);
    const parked = harness.join({ memberId: leader });
    assert.equal(harness.group.leave({ memberId: leader, groupInstanceId: null }), NONE);
    assert.equal(parked.answer?.errorCode, UNKNOWN_MEMBER_ID);
  });

  test('that has become empty goes on counting its generations', async () => {
    const harness = new GroupHarness();
    const [memberId = ''] = await harness.stable();
    harness.group.leave({ memberId, groupInstanceId: null });
    const [again] = await harness.completing([{}]);
    assert.equal(again?.generationId, 3, 'the empty one was the second');
  });

  test('is after a restart as it was stored, with new sessions', async () => {
    const harness = new GroupHarness();
    const [leader = '', follower = ''] = await harness.stable([{}, {}]);
    harness.timers.advance(SESSION_TIMEOUT_MS - 1);
    harness.restart();
    assert.equal(harness.group.phaseName, 'Stable');
    harness.timers.advance(SESSION_TIMEOUT_MS - 1);
    assert.equal(heartbeat(harness, leader), NONE);
    const sync = harness.sync({ memberId: leader, generationId: 1 });
    assert.deepEqual(sync.answer?.assignment, assignmentFor(leader));
    assert.equal(harness.join({ memberId: follower }).answer?.generationId, 1);
    harness.timers.advance(1);
    assert.equal(harness.group.phaseName, 'Stable', 'the follower has joined');
    harness.timers.advance(SESSION_TIMEOUT_MS);
    assert.equal(harness.group.phaseName, 'Empty', 'who stays silent is gone');
  });

  test('forgets with a crash who was only joining', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable();
    harness.join({ requiresMemberId: false });
    const rejoin = harness.join({ memberId: leader });
    assert.equal(rejoin.answer?.generationId, 2);
    harness.restart();
    assert.equal(heartbeat(harness, leader, 2), ErrorCode.ILLEGAL_GENERATION);
    assert.equal(heartbeat(harness, leader, 1), NONE);
  });

  test('can be made to join again', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable();
    harness.group.forceRebalance();
    assert.equal(heartbeat(harness, leader), REBALANCE_IN_PROGRESS);
  });
});
