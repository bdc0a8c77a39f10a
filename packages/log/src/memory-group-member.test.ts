import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Generation } from './group-member.ts';
import type { MemoryLog } from './memory-log.ts';
import type { MemoryFault } from './memory-network.ts';
import { MemoryRun } from './memory-run.ts';

type Event =
  | { readonly kind: 'assigned'; readonly generation: Generation }
  | { readonly kind: 'lost' | 'fatal' };

const DROP_REQUEST: MemoryFault = { kind: 'drop-request', noticedAfterMs: 10 };
const DROP_ANSWER: MemoryFault = { kind: 'drop-answer', noticedAfterMs: 10 };

function open(options: ConstructorParameters<typeof MemoryRun>[0] = {}) {
  const run = new MemoryRun(options);
  run.broker.createTopic({ topic: 'in', partitionCount: 1 });
  const join = (name: string, log: MemoryLog = run.openLog(name)) => {
    const events: Event[] = [];
    const member = log.openGroupMember({
      groupId: 'g',
      topics: ['in'],
      protocolName: 'p',
      userData: new Uint8Array(),
      assignor: (members) =>
        new Map(
          members.map(({ memberId }) => [memberId, { partitions: [], userData: new Uint8Array() }]),
        ),
    });
    const started = member.start({
      beforeJoin: () => Promise.resolve([]),
      onAssigned: (generation) => events.push({ kind: 'assigned', generation }),
      onLost: () => events.push({ kind: 'lost' }),
      onFatal: () => events.push({ kind: 'fatal' }),
    });
    return { member, events, started, log };
  };
  return { run, join };
}

function kinds(events: readonly Event[]): string[] {
  return events.map(({ kind }) => kind);
}

describe('the group member of a memory log', () => {
  for (const api of ['JoinGroup', 'SyncGroup'] as const) {
    for (const fault of [DROP_REQUEST, DROP_ANSWER]) {
      test(`when ${api} is lost (${fault.kind}) it is asked again`, async () => {
        const { run, join } = open();
        run.next(api, fault, fault);
        const { member, events, started } = join('one');
        await run.settle(started);
        assert.deepEqual(kinds(events), ['assigned']);
        await run.settle(member.confirm());
      });
    }
  }

  test('when the answer to a second JoinGroup is lost, the member stays the same one', async () => {
    const { run, join } = open();
    const { member, events, started } = join('one');
    await run.settle(started);
    const { memberId } = member.current()!;
    run.next('JoinGroup', DROP_ANSWER);
    member.rejoin();
    await run.until(() => events.length === 2);
    assert.equal(member.current()!.memberId, memberId);
    assert.deepEqual(kinds(events), ['assigned', 'assigned']);
  });

  test('a JoinGroup that comes late and takes the answer of the one that was sent again does not stop the member', async () => {
    const { run, join } = open();
    const [one, two] = [join('one'), join('two')];
    await run.settle(Promise.all([one.started, two.started]));
    // The others are waited for: both of the member's requests are parked, the late one last.
    run.next('JoinGroup', { kind: 'delay', delayMs: 1_200 });
    run.next('JoinGroup', { kind: 'delay', delayMs: 0 }, { kind: 'delay', delayMs: 900 });
    one.member.rejoin();
    await run.pass(30_000);
    await run.settle(Promise.all([one.member.confirm(), two.member.confirm()]));
    assert.deepEqual(one.member.current()?.generationId, two.member.current()?.generationId);
  });

  test('lost heartbeats are made up for, as long as the session lasts', async () => {
    const { run, join } = open();
    const { member, events, started } = join('one');
    await run.settle(started);
    run.next('Heartbeat', DROP_REQUEST, DROP_ANSWER, DROP_REQUEST, DROP_ANSWER);
    const askedMs = run.nowMs;
    await run.settle(member.confirm());
    assert.ok(member.lastConfirmedMs() >= askedMs);
    await run.pass(20_000);
    assert.deepEqual(kinds(events), ['assigned']);
  });

  test('a member that is cut off knows that it is lost before the group takes it for dead', async () => {
    const { run, join } = open({ network: { hopDelayMs: () => 3 } });
    const [one, two] = [join('one'), join('two')];
    await run.settle(Promise.all([one.started, two.started]));
    await run.pass(1_000);
    run.broker.network.cut('one');
    const assignedCount = two.events.length;
    await run.until(() => one.events.at(-1)?.kind === 'lost');
    assert.equal(one.member.current(), undefined);
    assert.equal(one.member.lastConfirmedMs(), -Infinity);
    assert.equal(two.events.length, assignedCount);
    await run.until(() => two.events.length > assignedCount);
    run.broker.network.heal('one');
    await run.until(() => one.events.at(-1)?.kind === 'assigned');
    assert.deepEqual(
      kinds(two.events).filter((kind) => kind === 'lost'),
      [],
    );
  });

  test('confirm() rejects when the member joins again before the heartbeat is answered', async () => {
    const { run, join } = open();
    const { member, events, started } = join('one');
    await run.settle(started);
    run.next('Heartbeat', { kind: 'delay', delayMs: 200 });
    const confirmed = member.confirm();
    member.rejoin();
    await assert.rejects(run.settle(confirmed), { code: 'not-a-member' });
    await run.until(() => events.length === 2);
    await run.settle(member.confirm());
  });

  test('confirms that are asked for while a heartbeat is under way share the next one', async () => {
    const { run, join } = open();
    const { member, started } = join('one');
    await run.settle(started);
    const sentBefore = run.countOf('Heartbeat');
    run.next('Heartbeat', { kind: 'delay', delayMs: 100 });
    const first = member.confirm();
    await run.pass(50);
    const others = [member.confirm(), member.confirm(), member.confirm()];
    await run.settle(Promise.all([first, ...others]));
    assert.equal(run.countOf('Heartbeat'), sentBefore + 2);
    assert.ok(member.lastConfirmedMs() >= 50);
  });

  test('between the answers of JoinGroup and SyncGroup there is no generation to commit with', async () => {
    const { run, join } = open();
    const { member, started } = join('one');
    await run.settle(started);
    const first = member.current()!;
    run.next('JoinGroup', { kind: 'delay', delayMs: 100 });
    run.next('SyncGroup', { kind: 'delay', delayMs: 100 });
    member.rejoin();
    await run.pass(50);
    assert.deepEqual(member.current(), first);
    await assert.rejects(member.confirm(), { code: 'not-a-member' });
    await run.pass(100);
    assert.equal(member.current(), undefined);
    await run.pass(100);
    assert.equal(member.current()!.generationId, first.generationId + 1);
  });

  test('an assignor that throws stops the leader for good', async () => {
    const { run } = open();
    const failures: Error[] = [];
    const member = run.openLog('one').openGroupMember({
      groupId: 'g',
      topics: ['in'],
      protocolName: 'p',
      userData: new Uint8Array(),
      assignor: () => new Map(),
    });
    const started = member.start({
      beforeJoin: () => Promise.resolve([]),
      onAssigned: () => assert.fail(),
      onLost: () => {},
      onFatal: (error) => failures.push(error),
    });
    await assert.rejects(run.settle(started), { name: 'AssertionFailure' });
    assert.equal(failures.length, 1);
    const heartbeatCount = run.calls.length;
    await run.pass(60_000);
    assert.equal(run.calls.length, heartbeatCount);
  });

  test('a crashed process says nothing more, and hears nothing', async () => {
    const { run, join } = open();
    const [one, two] = [join('one'), join('two')];
    await run.settle(Promise.all([one.started, two.started]));
    await run.pass(2_000);
    one.log.crash();
    const [heardCount, sentCount] = [one.events.length, two.events.length];
    await run.until(() => two.events.length > sentCount);
    assert.equal(one.events.length, heardCount);
    const described = await run.settle(two.log.admin.describeGroup('g'));
    assert.equal(described.members.length, 1);
  });
});
