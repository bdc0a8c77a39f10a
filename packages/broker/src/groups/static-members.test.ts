import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  assignmentFor,
  GroupHarness,
  SESSION_TIMEOUT_MS,
  subscriptionOf,
} from './group-harness.ts';

const { NONE, FENCED_INSTANCE_ID } = ErrorCode;
const STATIC = { groupInstanceId: 'static' };

describe('a static member that comes back (KIP-345)', () => {
  test('keeps its share under a new id, without a rebalance', async () => {
    const harness = new GroupHarness();
    const [, old = ''] = await harness.stable([{}, STATIC]);
    const back = harness.join(STATIC);
    await harness.settle();
    const memberId = back.answer?.memberId ?? '';
    assert.equal(back.answer?.generationId, 1);
    assert.notEqual(memberId, old);
    const sync = harness.sync({ memberId, ...STATIC, generationId: 1 });
    assert.deepEqual(sync.answer?.assignment, assignmentFor(old));
    assert.equal(harness.group.phaseName, 'Stable');
  });

  test('fences its old self, also where that waits', async () => {
    const harness = new GroupHarness();
    const [leader = '', old = ''] = await harness.stable([{}, STATIC]);
    harness.join({ memberId: leader });
    const parked = harness.join({ memberId: old, ...STATIC });
    assert.equal(parked.answer?.errorCode, NONE, 'the round was complete');
    const waiting = harness.sync({ memberId: old, ...STATIC, generationId: 2 });
    harness.join(STATIC);
    assert.equal(waiting.answer?.errorCode, FENCED_INSTANCE_ID);
    const beat = { memberId: old, ...STATIC, generationId: 2 };
    assert.equal(harness.group.heartbeat(beat), FENCED_INSTANCE_ID);
    assert.equal(harness.group.checkCommit(beat), FENCED_INSTANCE_ID);
    assert.equal(harness.group.checkCommit(beat, { isTransactional: true }), FENCED_INSTANCE_ID);
  });

  test('is found under its new id after a restart of the broker', async () => {
    const harness = new GroupHarness();
    await harness.stable([STATIC]);
    const back = harness.join(STATIC);
    await harness.settle();
    harness.restart();
    const memberId = back.answer?.memberId ?? '';
    assert.equal(harness.group.heartbeat({ memberId, ...STATIC, generationId: 1 }), NONE);
  });

  test('as leader is told to skip the assignment, and gets everybody it leads', async () => {
    const harness = new GroupHarness();
    await harness.stable([STATIC, {}]);
    const back = harness.join(STATIC);
    await harness.settle();
    assert.equal(back.answer?.skipAssignment, true);
    assert.equal(back.answer?.leader, back.answer?.memberId);
    assert.equal(back.answer?.members.length, 2);
  });

  test('as leader that cannot skip is told that its old self leads', async () => {
    const harness = new GroupHarness();
    const [old] = await harness.stable([STATIC, {}]);
    const back = harness.join({ ...STATIC, canSkipAssignment: false });
    await harness.settle();
    assert.equal(back.answer?.skipAssignment, false);
    assert.equal(back.answer?.leader, old);
    assert.deepEqual(back.answer?.members, []);
  });

  test('rebalances the group when it subscribes to something else', async () => {
    const harness = new GroupHarness();
    await harness.stable([{}, STATIC]);
    const other = [{ name: 'range', metadata: subscriptionOf(['other']) }];
    assert.equal(harness.join({ ...STATIC, protocols: other }).answer, undefined);
    assert.equal(harness.group.phaseName, 'PreparingRebalance');
  });

  test('does not rebalance the group because it owned other partitions before', async () => {
    const harness = new GroupHarness();
    await harness.stable([STATIC]);
    const metadata = subscriptionOf(['topic'], 'owned partitions of another life');
    harness.join({ ...STATIC, protocols: [{ name: 'range', metadata }] });
    assert.equal(harness.group.phaseName, 'Stable');
  });

  test('brings new time-outs and a new client id', async () => {
    const harness = new GroupHarness();
    await harness.stable([STATIC]);
    harness.join({ ...STATIC, sessionTimeoutMs: 60_000, clientId: 'new' });
    await harness.settle();
    harness.timers.advance(SESSION_TIMEOUT_MS + 1);
    assert.equal(harness.group.phaseName, 'Stable');
    assert.equal(harness.group.describe().members[0]?.clientId, 'new');
    harness.timers.advance(60_000);
    assert.equal(harness.group.phaseName, 'Empty');
  });

  test('keeps its place while it is away, until its session ends', async () => {
    const harness = new GroupHarness();
    const [leader = ''] = await harness.stable([{ sessionTimeoutMs: 60_000 }, STATIC]);
    harness.timers.advance(SESSION_TIMEOUT_MS - 1);
    assert.equal(harness.group.describe().members.length, 2);
    harness.timers.advance(1);
    const beat = { memberId: leader, groupInstanceId: null, generationId: 1 };
    assert.equal(harness.group.heartbeat(beat), ErrorCode.REBALANCE_IN_PROGRESS);
  });

  test('with the id of somebody who is only expected is refused', async () => {
    const harness = new GroupHarness();
    await harness.stable([STATIC]);
    const expected = harness.join().answer?.memberId ?? '';
    assert.equal(
      harness.join({ memberId: expected, ...STATIC }).answer?.errorCode,
      FENCED_INSTANCE_ID,
    );
  });
});
