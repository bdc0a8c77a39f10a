import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness } from '../engine-harness.ts';
import { ASSIGNOR_PROTOCOL, assignPartitions } from './assignor.ts';
import { encodeIdentity } from './worker-identity.ts';

test('what fails for a tenure that is over does not stop the next one of its partition', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('warm', [1]);
  await harness.untilTotals(1);
  // The entity's recovery begins, and takes as long as the next tenure needs to begin.
  harness.journalFaults.delayMs = 3_000;
  await harness.add('x', [1]);
  await harness.pass(100);
  harness.journalFaults.delayMs = 0;
  const taking = harness.outside.openTransactionalProducer({ transactionalId: 'counters/a' });
  await harness.settle(taking);
  await harness.ask('warm', 1);
  await harness.untilTotals(2);
  await harness.until(() => harness.seqsOf('x').length > 0, 'its row');
  assert.ok(harness.timers.clock.monotonicMs() < 2_500);
  // What the first tenure's read finds now cannot be right.
  const [row] = harness.store.rows('counter', 'x');
  assert.ok(row);
  const rows = [{ ...row, seq: 50 }];
  harness.store.append({ entityType: 'counter', rows, positions: [] }, 'rows');
  await harness.pass(5_000);
  assert.equal(node.worker().shards()[0]?.phase, 'running');
});

test('a fenced worker drops what it has decided, and decides it anew', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  let isHeld = false;
  harness.broker.network.faults = {
    decide: ({ api }) => {
      if (isHeld || api !== 'EndTxn') return { kind: 'pass' };
      isHeld = true;
      return { kind: 'delay', delayMs: 900 };
    },
  };
  await harness.add('x', [2]);
  await harness.until(() => isHeld, 'a transaction that is about to end');
  await harness.add('x', [3]);
  await harness.pass(50);
  const taking = harness.outside.openTransactionalProducer({ transactionalId: 'counters/a' });
  await harness.settle(taking);
  await harness.add('x', [4]);
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6, 10]);
  assert.equal(node.fatal(), undefined);
  assert.equal(node.worker().decidedBytes, 0);
});

test('no JoinGroup gives a partition up while a transaction holds anything of it', async () => {
  for (const thirdNode of [undefined, 'c']) {
    const harness = new EngineHarness({ partitionCount: 3 });
    const calls: string[] = [];
    const countOf = (api: string, until = calls.length): number =>
      calls.slice(0, until).filter((call) => call === api).length;
    harness.broker.network.faults = {
      decide: ({ api, client }) => {
        if (!client.startsWith('a')) return { kind: 'pass' };
        calls.push(api);
        // The first transaction holds the first offsets of shard 0, the second those of 1 and 2.
        const isSecond = api === 'TxnOffsetCommit' && countOf(api) === 2;
        return isSecond ? { kind: 'delay', delayMs: 900 } : { kind: 'pass' };
      },
    };
    await harness.startNode('a');
    await harness.until(() => countOf('TxnOffsetCommit') === 2, 'a commit under way');
    const b = await harness.startNode('b');
    // Another one makes the group rebalance while the transaction is being aborted.
    if (thirdNode !== undefined) await harness.startNode(thirdNode);
    await harness.until(() => b.worker().shards()[0]?.phase === 'running', 'a shard on b');
    // It joins first without a member id, then with one; then because b came; then to give up.
    const joins = [...calls.keys()].filter((index) => calls[index] === 'JoinGroup');
    assert.ok(countOf('EndTxn', joins[3]) >= 2);
  }
});

test('who was out of the group begins anew, also with a partition that others had only meanwhile', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const a = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  const { network } = harness.broker;
  network.cut(a.log.clientName);
  const b = await harness.startNode('b');
  await harness.add('x', [1]);
  await harness.untilTotals(2);
  await harness.settle(b.worker().stop());
  network.heal(a.log.clientName);
  await harness.add('x', [1]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf('x'), [1, 2, 3]);
  assert.deepEqual(a.worker().troubles(), []);
});

test('a partition that is assigned to another member is dropped, also when nobody has asked for it', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const a = await harness.startNode('a');
  await harness.until(() => a.worker().shards()[0]?.phase === 'running', 'a running shard');
  // Of the same claim twice neither counts, and its name comes first.
  const claims: number[] = [];
  const member = harness.outside.openGroupMember({
    groupId: 'counters',
    topics: ['control', 'add', 'ask'],
    protocolName: ASSIGNOR_PROTOCOL,
    userData: encodeIdentity({ name: '0', endpoint: '0:1' }),
    assignor: (members) => assignPartitions(members, 1),
  });
  const fail = (why: unknown): never => assert.fail(String(why));
  const listener = { onLost: fail, onFatal: fail, onAssigned: () => {} };
  await harness.settle(
    member.start({ ...listener, beforeJoin: () => Promise.resolve([...claims]) }),
  );
  claims.push(0);
  member.rejoin();
  await harness.until(() => a.worker().shards().length === 0, 'a shard that is dropped');
});
