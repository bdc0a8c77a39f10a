import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { deferred, ManualTimers } from '@chat-cluster/kernel';
import type { Assignor, MemberAssignment } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import { Cluster } from '../connections/cluster.ts';
import { readAssignment, readSubscription, writeAssignment } from './consumer-protocol.ts';
import { KafkaGroupMember } from './kafka-group-member.ts';
import { lostAnswer, ScriptedCoordinator, settle } from './scripted-coordinator.ts';

const MEMBER_ID_REQUIRED = 79;
const UNKNOWN_MEMBER_ID = 25;
const ILLEGAL_GENERATION = 22;
const REBALANCE_IN_PROGRESS = 27;
const FENCED_INSTANCE_ID = 82;
const COORDINATOR_LOAD_IN_PROGRESS = 14;
const INCONSISTENT_GROUP_PROTOCOL = 23;
const topics = ['in', 'requests'];

describe('a group member', () => {
  let timers: ManualTimers;
  let coordinator: ScriptedCoordinator;
  let member: KafkaGroupMember;
  let told: string[];
  let owned: readonly number[];
  let beforeJoin: () => Promise<void>;

  beforeEach(() => {
    timers = new ManualTimers();
    coordinator = new ScriptedCoordinator();
    told = [];
    owned = [];
    beforeJoin = () => Promise.resolve();
    member = memberWith(() => new Map());
  });

  function memberWith(assignor: Assignor): KafkaGroupMember {
    const context: AdapterContext = {
      clock: timers.clock,
      timers,
      retryTimeoutMs: 10_000,
      report: () => undefined,
      settings: { clientId: 'test', connectTimeoutMs: 1, requestTimeoutMs: 1 },
    };
    const options = {
      groupId: 'group',
      topics,
      protocolName: 'protocol',
      userData: Buffer.from('me'),
      assignor,
    };
    const cluster = new Cluster([], context);
    return new KafkaGroupMember({ context, cluster }, options, coordinator);
  }

  function start(): Promise<void> {
    return member.start({
      beforeJoin: async () => {
        told.push('beforeJoin');
        await beforeJoin();
        return owned;
      },
      onAssigned: ({ generationId }, { partitions }) =>
        told.push(`assigned ${partitions.join()} in ${generationId}`),
      onLost: () => told.push('lost'),
      onFatal: (error) => told.push(`fatal ${error.message}`),
    });
  }

  async function answerJoin(
    errorCode: number,
    joined: Partial<{ memberId: string; generationId: number; leaderId: string }> = {},
  ): Promise<void> {
    const { memberId = 'm1', generationId = 1, leaderId = 'other' } = joined;
    const answer = { errorCode, memberId, generationId, leaderId, members: [] };
    coordinator.joins.at(-1)!.answer.resolve(answer);
    await settle();
  }

  async function answerSync(errorCode: number, partitions: readonly number[] = []): Promise<void> {
    const given: MemberAssignment = { partitions, userData: Buffer.from('given') };
    const assignment = writeAssignment(given, topics);
    coordinator.syncs.at(-1)!.answer.resolve({ errorCode, assignment });
    await settle();
  }

  async function answerHeartbeat(errorCode: number): Promise<void> {
    coordinator.heartbeats.at(-1)!.answer.resolve(errorCode);
    await settle();
  }

  /** Through the first join, in generation 1 with partitions 0 and 1. */
  async function becomeAssigned(): Promise<void> {
    void start();
    await settle();
    await answerJoin(MEMBER_ID_REQUIRED);
    await answerJoin(0);
    await answerSync(0, [0, 1]);
    told.length = 0;
  }

  /** Waits out the pause before a request is sent again. */
  async function passBackoff(): Promise<void> {
    timers.advance(250);
    await settle();
  }

  test('joins with the id that the coordinator gives it, and asks its owner once', async () => {
    const started = start();
    await settle();
    assert.equal(coordinator.joins[0]!.memberId, '');
    await answerJoin(MEMBER_ID_REQUIRED);
    assert.equal(coordinator.joins[1]!.memberId, 'm1');
    await answerJoin(0);
    await answerSync(0, [0, 1]);
    await started;
    assert.deepEqual(told, ['beforeJoin', 'assigned 0,1 in 1']);
    assert.deepEqual(member.current(), { memberId: 'm1', generationId: 1 });
  });

  test('has no generation between the answers to JoinGroup and SyncGroup, and its old one until then', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    assert.equal(member.current()?.generationId, 1, 'JoinGroup is parked.');
    await answerJoin(0, { generationId: 2 });
    assert.equal(member.current(), undefined);
    await answerSync(0, [0]);
    assert.equal(member.current()?.generationId, 2);
  });

  test('says what it still owns, and since when', async () => {
    await becomeAssigned();
    owned = [1];
    member.rejoin();
    await settle();
    const { ownedPartitions, ownedGenerationId, userData } = readSubscription(
      coordinator.joins.at(-1)!.metadata,
    );
    assert.deepEqual(ownedPartitions, [1]);
    assert.equal(ownedGenerationId, 1);
    assert.equal(userData.toString(), 'me');
  });

  test('does not send JoinGroup before its owner has ended the tenures, and goes on with heartbeats', async () => {
    await becomeAssigned();
    const gate = deferred<void>();
    beforeJoin = () => gate.promise;
    timers.advance(250);
    await answerHeartbeat(REBALANCE_IN_PROGRESS);
    const joinCount = coordinator.joins.length;
    for (let count = 0; count < 4; count += 1) {
      timers.advance(250);
      await answerHeartbeat(REBALANCE_IN_PROGRESS);
    }
    assert.equal(coordinator.joins.length, joinCount);
    assert.deepEqual(told, ['beforeJoin']);
    gate.resolve();
    await settle();
    assert.equal(coordinator.joins.length, joinCount + 1);
  });

  test('keeps its lease while JoinGroup is parked', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    timers.advance(250);
    const sentMs = timers.clock.monotonicMs();
    await answerHeartbeat(REBALANCE_IN_PROGRESS);
    assert.equal(member.lastConfirmedMs(), sentMs);
  });

  test('lets the answer to JoinGroup decide when a heartbeat beside it is refused', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    timers.advance(250);
    await answerHeartbeat(ILLEGAL_GENERATION);
    assert.deepEqual(told, ['beforeJoin']);
    await answerJoin(0, { generationId: 2 });
    await answerSync(0, [0, 1]);
    assert.deepEqual(told, ['beforeJoin', 'assigned 0,1 in 2']);
  });

  test('a rejoin asked for while one is under way comes after it, once', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    member.rejoin();
    member.rejoin();
    await answerJoin(0, { generationId: 2 });
    await answerSync(0, [0]);
    assert.deepEqual(told, ['beforeJoin', 'assigned 0 in 2', 'beforeJoin']);
    await answerJoin(0, { generationId: 3 });
    await answerSync(0, [0]);
    assert.deepEqual(told.slice(3), ['assigned 0 in 3']);
  });

  test('joins again when the group rebalances before its assignment is known', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    await answerJoin(0, { generationId: 2 });
    await answerSync(REBALANCE_IN_PROGRESS);
    assert.deepEqual(told, ['beforeJoin', 'beforeJoin']);
    assert.equal(member.current(), undefined);
    assert.equal(readSubscription(coordinator.joins.at(-1)!.metadata).ownedGenerationId, 1);
  });

  for (const errorCode of [UNKNOWN_MEMBER_ID, ILLEGAL_GENERATION, FENCED_INSTANCE_ID]) {
    test(`a heartbeat answered with ${errorCode} ends the membership, and a new member joins`, async () => {
      await becomeAssigned();
      timers.advance(250);
      await answerHeartbeat(errorCode);
      assert.deepEqual(told, ['lost', 'beforeJoin']);
      assert.equal(member.current(), undefined);
      assert.equal(member.lastConfirmedMs(), -Infinity);
      assert.equal(coordinator.joins.at(-1)!.memberId, '');
      const { ownedGenerationId } = readSubscription(coordinator.joins.at(-1)!.metadata);
      assert.equal(ownedGenerationId, -1);
      assert.deepEqual(coordinator.leaves, ['m1'], 'Nobody waits for the one that it was.');
    });

    test(`a JoinGroup answered with ${errorCode} ends the membership`, async () => {
      await becomeAssigned();
      member.rejoin();
      await settle();
      await answerJoin(errorCode);
      assert.deepEqual(told, ['beforeJoin', 'lost', 'beforeJoin']);
      assert.equal(coordinator.joins.at(-1)!.memberId, '');
    });

    test(`a SyncGroup answered with ${errorCode} ends the membership`, async () => {
      await becomeAssigned();
      member.rejoin();
      await settle();
      await answerJoin(0, { generationId: 2 });
      await answerSync(errorCode);
      assert.deepEqual(told, ['beforeJoin', 'lost', 'beforeJoin']);
    });
  }

  test('a session without any acknowledgement ends the membership, whatever is under way', async () => {
    await becomeAssigned();
    member.rejoin();
    await settle();
    timers.advance(6_000);
    await settle();
    assert.deepEqual(told, ['beforeJoin', 'lost', 'beforeJoin']);
    assert.equal(member.current(), undefined);
  });

  test('after a silent session it joins as the same member, without what it owned: a new coordinator waits for that one', async () => {
    await becomeAssigned();
    owned = [];
    timers.advance(6_000);
    await settle();
    const { memberId, metadata } = coordinator.joins.at(-1)!;
    assert.equal(memberId, 'm1');
    assert.equal(readSubscription(metadata).ownedGenerationId, -1);
    assert.deepEqual(coordinator.leaves, []);
    await answerJoin(UNKNOWN_MEMBER_ID);
    assert.equal(coordinator.joins.at(-1)!.memberId, '', 'It was given up.');
  });

  test('sends what was lost, or came while the coordinator moved, again', async () => {
    void start();
    await settle();
    coordinator.joins.at(-1)!.answer.reject(lostAnswer());
    await settle();
    await passBackoff();
    await answerJoin(COORDINATOR_LOAD_IN_PROGRESS);
    await passBackoff();
    await answerJoin(0);
    coordinator.syncs.at(-1)!.answer.reject(lostAnswer());
    await settle();
    await passBackoff();
    await answerSync(0, [3]);
    assert.deepEqual(told, ['beforeJoin', 'assigned 3 in 1']);
    assert.equal(coordinator.joins.length, 3);
    assert.equal(coordinator.syncs.length, 2);
  });

  test('a refusal that would not pass stops it', async () => {
    const started = start();
    const failed = assert.rejects(started, { name: 'LogError', code: 'refused' });
    await settle();
    await answerJoin(INCONSISTENT_GROUP_PROTOCOL);
    await failed;
    assert.match(told.join(), /^beforeJoin,fatal .*INCONSISTENT_GROUP_PROTOCOL/);
    assert.ok(coordinator.isClosed);
  });

  test('an owner that fails stops it', async () => {
    beforeJoin = () => Promise.reject(new Error('planted'));
    await assert.rejects(start(), /planted/);
    assert.deepEqual(told, ['beforeJoin', 'fatal planted']);
  });

  test('the leader assigns every member, in all topics', async () => {
    member = memberWith((members) => {
      const entries = members.map(({ memberId }, partition) => {
        return [memberId, { partitions: [partition], userData: Buffer.from(memberId) }] as const;
      });
      return new Map(entries);
    });
    void start();
    await settle();
    const metadata = coordinator.joins[0]!.metadata;
    coordinator.joins[0]!.answer.resolve({
      errorCode: 0,
      memberId: 'm1',
      generationId: 1,
      leaderId: 'm1',
      members: [
        { memberId: 'm1', metadata },
        { memberId: 'm2', metadata },
      ],
    });
    await settle();
    const given = coordinator.syncs[0]!.assignments.map(({ memberId, assignment }) => {
      const { partitions, userData } = readAssignment(assignment);
      return `${memberId} ${partitions.join()} ${userData.toString()}`;
    });
    assert.deepEqual(given, ['m1 0 m1', 'm2 1 m2']);
  });

  test('a leader whose assignor forgets a member stops', async () => {
    void start().catch(() => undefined);
    await settle();
    const metadata = coordinator.joins[0]!.metadata;
    coordinator.joins[0]!.answer.resolve({
      errorCode: 0,
      memberId: 'm1',
      generationId: 1,
      leaderId: 'm1',
      members: [{ memberId: 'm1', metadata }],
    });
    await settle();
    assert.match(told.join(), /fatal An assignor gives every member something/);
  });

  test('leaves once, and is silent from then on', async () => {
    await becomeAssigned();
    await Promise.all([member.leave(), member.leave()]);
    assert.deepEqual(coordinator.leaves, ['m1']);
    assert.ok(coordinator.isClosed);
    timers.advance(60_000);
    await settle();
    assert.deepEqual(told, []);
    assert.equal(member.current(), undefined);
  });

  test('abandons its membership without a word', async () => {
    await becomeAssigned();
    const asked = member.confirm();
    member.abandon();
    await assert.rejects(asked, { code: 'not-a-member' });
    assert.deepEqual(coordinator.leaves, []);
    timers.advance(60_000);
    await settle();
    assert.deepEqual(told, []);
    assert.equal(coordinator.heartbeats.length, 0);
  });
});
