import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { MemoryDurableLog } from '../state-journal/memory-durable-log.ts';
import { createStateJournal } from '../state-journal/state-journal.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { GroupCoordinator } from './group-coordinator.ts';
import { JOIN_REQUEST, nameOf, subscriptionOf } from './group-harness.ts';
import type { OffsetToCommit } from './group-offsets.ts';

const { NONE } = ErrorCode;
const HOUR_MS = 3_600_000;
const RETENTION_MS = 24 * HOUR_MS;

/** A broker's groups on a log that outlives them. */
async function start({
  log = new MemoryDurableLog(),
  timers = new ManualTimers(),
  topics = new Set(['topic', 'other']),
} = {}) {
  const journal = createStateJournal(log);
  const coordinator = new GroupCoordinator({
    ...{ clock: timers.clock, timers, journal },
    hasPartition: (topic, partition) => topics.has(topic) && partition < 3,
    newMemberId: (prefix) => `${prefix}-1`,
    options: {
      ...{ offsetsRetentionMs: RETENTION_MS, expiryCheckIntervalMs: HOUR_MS },
      ...{ initialRebalanceDelayMs: 0, groupCountMax: 3 },
    },
  });
  await journal.open();
  coordinator.start();
  return { log, timers, topics, coordinator };
}

type World = Awaited<ReturnType<typeof start>>;

function restart(world: World): Promise<World> {
  world.coordinator.close();
  return start(world);
}

const NOBODY = { memberId: '', groupInstanceId: null, generationId: -1 };

function commit(
  { coordinator }: World,
  of: Partial<OffsetToCommit> & { groupId?: string; retentionMs?: number } = {},
  member = NOBODY,
) {
  const { groupId = 'group', retentionMs = null, ...rest } = of;
  const offset = {
    topic: 'topic',
    partition: 0,
    offset: 5,
    leaderEpoch: 0,
    metadata: 'm',
    ...rest,
  };
  return coordinator.offsets.commit({ ...member, groupId, retentionMs, offsets: [offset] });
}

async function read(
  { coordinator }: World,
  { groupId = 'group', topic = 'topic', partition = 0, requireStable = false } = {},
) {
  const partitions = [{ topic, partition }];
  const readings = await coordinator.offsets.read({ groupId, partitions, requireStable });
  const reading = readings[0]?.reading;
  return reading?.kind === 'committed' ? reading.offset.offset : reading?.kind;
}

/** Makes the group Stable, with one member. */
async function join({ coordinator, timers }: World, topics = ['topic']) {
  const protocols = [{ name: 'range', metadata: subscriptionOf(topics) }];
  const request = { ...JOIN_REQUEST, sessionTimeoutMs: 30 * 60_000, protocols };
  const joined = coordinator.join('group', { ...request, requiresMemberId: false });
  timers.advance(1);
  const { memberId, generationId } = await joined;
  const member = { memberId, groupInstanceId: null, generationId };
  await coordinator.sync('group', {
    ...member,
    ...{ protocolType: null, protocolName: null, assignments: [] },
  });
  return member;
}

describe('committed offsets', () => {
  test('come back with their metadata and epoch, after a restart too', async () => {
    const world = await start();
    assert.deepEqual(await commit(world, { offset: 42, leaderEpoch: 3, metadata: 'who: me' }), [
      NONE,
    ]);
    for (const each of [world, await restart(world)]) {
      const partitions = [{ topic: 'topic', partition: 0 }];
      const of = { groupId: 'group', partitions, requireStable: true };
      const [found] = await each.coordinator.offsets.read(of);
      assert.ok(found?.reading.kind === 'committed');
      const { offset, leaderEpoch, metadata } = found.reading.offset;
      assert.deepEqual([offset, leaderEpoch, metadata], [42, 3, 'who: me']);
    }
  });

  test('of partitions that were never committed are none', async () => {
    const world = await start();
    assert.equal(await read(world), 'none');
    await commit(world);
    assert.equal(await read(world, { partition: 1 }), 'none');
    assert.equal(await read(world, { groupId: 'unknown' }), 'none');
  });

  test('are refused one by one', async () => {
    const world = await start();
    const offset = { topic: 'topic', partition: 0, offset: 1, leaderEpoch: 0, metadata: null };
    const codes = await world.coordinator.offsets.commit({
      ...NOBODY,
      groupId: 'group',
      retentionMs: null,
      offsets: [
        offset,
        { ...offset, partition: 9 },
        { ...offset, topic: 'unknown' },
        { ...offset, partition: 1, metadata: 'x'.repeat(4_097) },
        { ...offset, partition: 2, metadata: 'x'.repeat(4_096) },
      ],
    });
    assert.deepEqual(codes, [
      NONE,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.OFFSET_METADATA_TOO_LARGE,
      NONE,
    ]);
    assert.equal(await read(world, { partition: 1 }), 'none');
  });

  test('of a generation are not taken for a group that does not exist', async () => {
    const world = await start();
    const member = { memberId: 'member', groupInstanceId: null, generationId: 3 };
    assert.equal(await commit(world, {}, member), ErrorCode.ILLEGAL_GENERATION);
    assert.deepEqual(world.coordinator.list(), []);
  });

  test('of a generation are taken from its members only', async () => {
    const world = await start();
    const member = await join(world);
    assert.deepEqual(await commit(world, { offset: 8 }, member), [NONE]);
    const old = { ...member, generationId: 0 };
    assert.equal(await commit(world, { offset: 9 }, old), ErrorCode.ILLEGAL_GENERATION);
    const stranger = { ...member, memberId: 'stranger' };
    assert.equal(await commit(world, { offset: 9 }, stranger), ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal(await commit(world, { offset: 9 }), ErrorCode.UNKNOWN_MEMBER_ID);
    assert.equal(await read(world), 8);
    const again = await restart(world);
    assert.deepEqual(await commit(again, { offset: 10 }, member), [NONE]);
  });

  test('go with their group, which only empty ones do', async () => {
    const world = await start();
    const member = await join(world);
    await commit(world, {}, member);
    assert.equal(await world.coordinator.delete('group'), ErrorCode.NON_EMPTY_GROUP);
    world.coordinator.leave('group', [member]);
    assert.equal(await world.coordinator.delete('group'), NONE);
    assert.equal(await world.coordinator.delete('group'), ErrorCode.GROUP_ID_NOT_FOUND);
    for (const each of [world, await restart(world)]) assert.equal(await read(each), 'none');
  });

  test('go with their topic', async () => {
    const world = await start();
    await commit(world);
    await commit(world, { topic: 'other', offset: 6 });
    await world.coordinator.offsets.removeTopic('topic');
    assert.equal(await read(world), 'none');
    const again = await restart(world);
    assert.equal(await read(again), 'none');
    assert.equal(await read(again, { topic: 'other' }), 6);
  });

  test('go with their topic also when the broker stopped before it could say so', async () => {
    const world = await start();
    await commit(world);
    await commit(world, { topic: 'other', offset: 6 });
    world.topics.delete('topic');
    const without = await restart(world);
    world.topics.add('topic');
    const again = await restart(without);
    assert.equal(await read(again), 'none');
    assert.equal(await read(again, { topic: 'other' }), 6);
  });

  test('can be deleted where nobody subscribes', async () => {
    const world = await start();
    const member = await join(world);
    for (const topic of ['topic', 'other']) await commit(world, { topic }, member);
    const partitions = ['topic', 'other', 'unknown'].map((topic) => ({ topic, partition: 0 }));
    assert.deepEqual(await world.coordinator.offsets.delete('group', partitions), [
      ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
      NONE,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]);
    const again = await restart(world);
    assert.equal(await read(again), 5);
    assert.equal(await read(again, { topic: 'other' }), 'none');
    const unknown = await again.coordinator.offsets.delete('unknown', partitions);
    assert.equal(unknown, ErrorCode.GROUP_ID_NOT_FOUND);
  });

  test('are listed when all are asked for', async () => {
    const world = await start();
    await commit(world);
    await commit(world, { topic: 'other', partition: 2 });
    world.coordinator.offsets.endTransaction('group', 1, 'commit');
    const of = { groupId: 'group', partitions: null, requireStable: false };
    const readings = await world.coordinator.offsets.read(of);
    const names = readings.map(({ topic, partition }) => `${topic}-${partition}`);
    assert.deepEqual(names, ['topic-0', 'other-2']);
  });
});

describe('staged offsets', () => {
  async function staged() {
    const world = await start();
    const offset = { topic: 'topic', partition: 0, offset: 7, leaderEpoch: 0, metadata: '' };
    const request = { ...NOBODY, groupId: 'group', producerId: 1, offsets: [offset] };
    assert.deepEqual(await world.coordinator.offsets.stage(request), [NONE]);
    return world;
  }

  test('make their partition unstable, for those who ask for stable ones', async () => {
    const world = await staged();
    assert.equal(await read(world, { requireStable: true }), 'unstable');
    assert.equal(await read(world), 'none');
    assert.equal(await read(world, { partition: 1, requireStable: true }), 'none');
    const again = await restart(world);
    assert.equal(await read(again, { requireStable: true }), 'unstable');
    const of = { groupId: 'group', partitions: null };
    const stable = await again.coordinator.offsets.read({ ...of, requireStable: true });
    assert.equal(stable[0]?.reading.kind, 'unstable');
    assert.deepEqual(await again.coordinator.offsets.read({ ...of, requireStable: false }), []);
  });

  test('do not replace what was committed after they were sent', async () => {
    const world = await staged();
    await commit(world, { offset: 9 });
    const again = await restart(world);
    for (const each of [again, world]) {
      each.coordinator.offsets.endTransaction('group', 1, 'commit');
      assert.equal(await read(each), 9);
      assert.deepEqual(await commit(each, { offset: 3 }), [NONE]);
      assert.equal(await read(each), 3);
    }
  });

  test('outlive the deletion of their group', async () => {
    const world = await staged();
    await world.coordinator.delete('group');
    const again = await restart(world);
    for (const each of [again, world]) {
      each.coordinator.offsets.endTransaction('group', 1, 'commit');
      assert.equal(await read(each, { requireStable: true }), 7);
    }
  });

  test('do not outlive their topic', async () => {
    const world = await staged();
    await world.coordinator.offsets.removeTopic('topic');
    world.coordinator.offsets.endTransaction('group', 1, 'commit');
    assert.equal(await read(world), 'none');
  });
});

describe('offsets expire', () => {
  test('when their group has been empty for the retention', async () => {
    const world = await start();
    const member = await join(world);
    await commit(world, {}, member);
    for (let hours = 0; hours < 48; hours++) {
      world.timers.advance(HOUR_MS / 4);
      world.coordinator.heartbeat('group', member);
    }
    world.coordinator.leave('group', [member]);
    world.timers.advance(RETENTION_MS - HOUR_MS);
    assert.equal(await read(world), 5);
    world.timers.advance(2 * HOUR_MS);
    assert.equal(await read(world), 'none');
    assert.deepEqual(world.coordinator.list(), [], 'and the group with them');
  });

  test('not before the retention since their own commit', async () => {
    const world = await start();
    const member = await join(world);
    world.coordinator.leave('group', [member]);
    await commit(world, { topic: 'other' });
    world.timers.advance(RETENTION_MS - HOUR_MS);
    await commit(world);
    world.timers.advance(2 * HOUR_MS);
    assert.equal(await read(world), 5);
    assert.equal(await read(world, { topic: 'other' }), 'none');
  });

  test('in a group without members ever, from their commit on', async () => {
    const world = await start();
    await commit(world);
    world.timers.advance(RETENTION_MS + HOUR_MS);
    assert.equal(await read(world), 'none');
  });

  test('in a group with members, where nobody subscribes any more', async () => {
    const world = await start();
    const member = await join(world, ['topic']);
    for (const topic of ['topic', 'other']) await commit(world, { topic }, member);
    for (let step = 0; step < 110; step++) {
      world.timers.advance(HOUR_MS / 4);
      world.coordinator.heartbeat('group', member);
    }
    assert.equal(await read(world), 5);
    assert.equal(await read(world, { topic: 'other' }), 'none');
  });

  test('when an old client has said so', async () => {
    const world = await start();
    await commit(world, { retentionMs: 2 * HOUR_MS });
    await commit(world, { partition: 1 });
    world.timers.advance(3 * HOUR_MS);
    const again = await restart(world);
    assert.equal(await read(again), 'none');
    assert.equal(await read(again, { partition: 1 }), 5);
  });
});

describe('the coordinator', () => {
  test('takes no more groups than it may', async () => {
    const world = await start();
    for (const groupId of ['one', 'two', 'three']) await commit(world, { groupId });
    assert.equal(await commit(world, { groupId: 'four' }), ErrorCode.COORDINATOR_NOT_AVAILABLE);
    const joined = await world.coordinator.join('four', JOIN_REQUEST);
    assert.equal(joined.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE);
  });

  test('refuses requests that fit no group', async () => {
    const { coordinator } = await start();
    const member = { memberId: 'member', groupInstanceId: null, generationId: 1 };
    const sync = { ...member, protocolType: null, protocolName: null, assignments: [] };
    const codes = [
      (await coordinator.join('', JOIN_REQUEST)).errorCode,
      (await coordinator.join('group', { ...JOIN_REQUEST, sessionTimeoutMs: 5_999 })).errorCode,
      (await coordinator.join('group', { ...JOIN_REQUEST, sessionTimeoutMs: 1_800_001 })).errorCode,
      (await coordinator.join('group', { ...JOIN_REQUEST, memberId: 'member' })).errorCode,
      (await coordinator.sync('group', sync)).errorCode,
      coordinator.heartbeat('group', member),
      ...[coordinator.leave('group', [member])].flat(),
    ].map(nameOf);
    assert.deepEqual(codes, [
      'INVALID_GROUP_ID',
      'INVALID_SESSION_TIMEOUT',
      'INVALID_SESSION_TIMEOUT',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ]);
    assert.deepEqual(coordinator.list(), []);
  });

  test('keeps a stable group through a restart', async () => {
    const world = await start();
    const member = await join(world);
    const again = await restart(world);
    assert.equal(again.coordinator.describe('group')?.phaseName, 'Stable');
    assert.equal(again.coordinator.heartbeat('group', member), NONE);
  });

  test('forgets a group that was only asked for', async () => {
    const world = await start();
    await world.coordinator.join('group', JOIN_REQUEST);
    assert.equal(world.coordinator.list().length, 1);
    world.timers.advance(HOUR_MS);
    assert.deepEqual(world.coordinator.list(), []);
  });
});
