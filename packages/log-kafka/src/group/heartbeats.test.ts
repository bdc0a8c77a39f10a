import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { Heartbeats } from './heartbeats.ts';
import { lostAnswer, ScriptedCoordinator, settle } from './scripted-coordinator.ts';

const generation = { memberId: 'me', generationId: 3 };
const REBALANCE_IN_PROGRESS = 27;
const UNKNOWN_MEMBER_ID = 25;
const NOT_COORDINATOR = 16;

describe('heartbeats', () => {
  let timers: ManualTimers;
  let coordinator: ScriptedCoordinator;
  let told: string[];
  let heartbeats: Heartbeats;

  beforeEach(() => {
    timers = new ManualTimers();
    timers.advance(1_000);
    coordinator = new ScriptedCoordinator();
    told = [];
    heartbeats = new Heartbeats({
      clock: timers.clock,
      timers,
      intervalMs: 250,
      sessionTimeoutMs: 6_000,
      send: (asked) => coordinator.heartbeat(asked),
      onRebalance: () => told.push('rebalance'),
      onRefused: () => told.push('refused'),
      onSessionOver: () => told.push('session over'),
    });
  });

  function becomeAssigned(): void {
    heartbeats.begin(generation);
    heartbeats.assigned(timers.clock.monotonicMs());
  }

  async function answer(index: number, errorCode: number): Promise<void> {
    coordinator.heartbeats[index]!.answer.resolve(errorCode);
    await settle();
  }

  test('one is sent every interval, counted from when the one before was sent', async () => {
    becomeAssigned();
    timers.advance(250);
    assert.equal(coordinator.heartbeats.length, 1);
    timers.advance(100);
    await answer(0, 0);
    timers.advance(149);
    assert.equal(coordinator.heartbeats.length, 1);
    timers.advance(1);
    assert.equal(coordinator.heartbeats.length, 2);
  });

  test('a lease counts from when the acknowledged heartbeat was sent, not from its answer', async () => {
    becomeAssigned();
    assert.equal(heartbeats.lastConfirmedMs, 1_000);
    timers.advance(250);
    timers.advance(200);
    assert.equal(heartbeats.lastConfirmedMs, 1_000);
    await answer(0, 0);
    assert.equal(heartbeats.lastConfirmedMs, 1_250);
  });

  test('before the assignment is known they keep the session alive, and confirm nothing', async () => {
    heartbeats.begin(generation);
    assert.equal(heartbeats.lastConfirmedMs, -Infinity);
    await assert.rejects(heartbeats.confirm(), { code: 'not-a-member' });
    timers.advance(250);
    await answer(0, 0);
    assert.equal(heartbeats.lastConfirmedMs, -Infinity);
  });

  test('an answer that the group rebalances acknowledges the generation too', async () => {
    becomeAssigned();
    const confirmed = heartbeats.confirm();
    await settle();
    await answer(0, REBALANCE_IN_PROGRESS);
    assert.deepEqual(await confirmed, generation);
    assert.deepEqual(told, ['rebalance']);
  });

  test('who asks for a confirmation gets one by a heartbeat sent after the call, and calls share it', async () => {
    becomeAssigned();
    timers.advance(250);
    const confirmed: string[] = [];
    void heartbeats.confirm().then(() => confirmed.push('first'));
    void heartbeats.confirm().then(() => confirmed.push('second'));
    await settle();
    assert.equal(coordinator.heartbeats.length, 1);
    await answer(0, 0);
    assert.deepEqual(confirmed, [], 'The one under way was sent before the calls.');
    assert.equal(coordinator.heartbeats.length, 2, 'The next one does not wait for the interval.');
    await answer(1, 0);
    assert.deepEqual(confirmed, ['first', 'second']);
  });

  test('a lost answer leaves those who wait waiting for the next one', async () => {
    becomeAssigned();
    const confirmed = heartbeats.confirm();
    await settle();
    coordinator.heartbeats[0]!.answer.reject(lostAnswer());
    await settle();
    await answer(1, NOT_COORDINATOR);
    await answer(2, 0);
    assert.deepEqual(await confirmed, generation);
    assert.deepEqual(told, []);
  });

  test('a refusal is told', async () => {
    becomeAssigned();
    timers.advance(250);
    await answer(0, UNKNOWN_MEMBER_ID);
    assert.deepEqual(told, ['refused']);
  });

  test('the session is over when nothing was acknowledged for its time, also while an answer is awaited', async () => {
    becomeAssigned();
    timers.advance(250);
    await answer(0, 0);
    timers.advance(5_999);
    assert.deepEqual(told, []);
    timers.advance(1);
    assert.deepEqual(told, ['session over']);
  });

  test('joining again, and the end, refuse those who wait', async () => {
    becomeAssigned();
    const asked = heartbeats.confirm();
    await settle();
    heartbeats.begin({ memberId: 'me', generationId: 4 });
    await assert.rejects(asked, { code: 'not-a-member' });
    heartbeats.assigned(timers.clock.monotonicMs());
    const askedAgain = heartbeats.confirm();
    heartbeats.end('over');
    await assert.rejects(askedAgain, { code: 'not-a-member', message: 'over' });
    assert.equal(heartbeats.lastConfirmedMs, -Infinity);
  });

  test('an answer to a heartbeat of an earlier generation counts for nothing', async () => {
    becomeAssigned();
    timers.advance(250);
    heartbeats.begin({ memberId: 'me', generationId: 4 });
    await answer(0, UNKNOWN_MEMBER_ID);
    assert.deepEqual(told, []);
    assert.equal(heartbeats.lastConfirmedMs, 1_000);
    timers.advance(250);
    assert.equal(coordinator.heartbeats[1]!.generation.generationId, 4);
  });
});
