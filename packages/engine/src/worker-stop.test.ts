import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from './engine-harness.ts';

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);

/** An id that lives on this one of two partitions. */
function idOn(partition: number): string {
  const ids = Array.from({ length: 50 }, (_, index) => `id-${index}`);
  return ids.find((id) => homePartition(Buffer.from(id), 2) === partition) ?? '';
}

test('a planned stop writes the backlog to the journal', async () => {
  const limits = { journalBatchRows: 1, journalConcurrency: 1 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  const node = await harness.startNode('a');
  harness.journalFaults.delayMs = 20;
  await harness.add('x', ones(30));
  await harness.untilTotals(30);
  assert.ok(harness.seqsOf('x').length < 30);
  await harness.settle(node.worker().stop());
  assert.equal(harness.seqsOf('x').length, 30);
  assert.deepEqual(harness.store.readShard('counter', 0)?.position.eventNumber, 30);
});

test('a planned stop leaves the group: nobody waits for a session to end', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const a = await harness.startNode('a');
  await harness.settle(a.worker().stop());
  const { members } = await harness.settle(harness.outside.admin.describeGroup('counters'));
  assert.deepEqual(members, []);
  await harness.settle(a.worker().left);
});

test('a planned stop waits for a journal that is away for a few seconds, no longer', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  harness.journalFaults.isDown = true;
  await harness.add('x', [1]);
  await harness.pass(1_000);
  const beganMs = harness.timers.clock.monotonicMs();
  await harness.settle(node.worker().stop());
  assert.ok(harness.timers.clock.monotonicMs() - beganMs <= 6_000);
});

test('a planned stop commits in the generation of a rebalance that it meets', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  const a = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  let isDelayed = false;
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      const isOfA = api === 'TxnOffsetCommit' && client === a.log.clientName;
      if (isDelayed || !isOfA) return { kind: 'pass' };
      isDelayed = true;
      return { kind: 'delay', delayMs: 900 };
    },
  };
  await harness.add('x', [2]);
  await harness.until(() => isDelayed, 'a commit under way');
  const stopped = a.worker().stop();
  const b = harness.startNode('b');
  await harness.settle(stopped);
  await harness.settle(b);
  assert.equal(a.worker().counters.eventsCommitted, 2);
});

test('a stop ends although nobody answers to a commit any more', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const node = await harness.startNode('a');
  harness.dieAfter(node, 'Produce', 1);
  await harness.add('x', [1]);
  await harness.pass(500);
  await harness.settle(node.worker().stop());
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await harness.startNode('b');
  await harness.untilTotals(1);
});

test('a shard that is given up makes room for the others at once', async () => {
  const limits = { backlogBytesMax: 5_000 };
  const harness = new EngineHarness({ partitionCount: 2, limits });
  const a = await harness.startNode('a');
  for (const partition of [0, 1]) await harness.add(idOn(partition), [1]);
  await harness.untilTotals(2);
  await harness.pass(1_000);
  harness.journalFaults.isDown = true;
  await harness.add(idOn(1), ones(50));
  await harness.until(() => a.worker().backlogBytes >= 5_000, 'a full backlog');
  await harness.add(idOn(0), [1]);
  await harness.pass(1_000);
  assert.deepEqual(await harness.totalsOf(idOn(0)), [1]);
  void harness.startNode('b');
  harness.journalFaults.isDown = false; // b looks its partition count up
  await harness.until(() => a.worker().shards().length === 1, 'one shard on a');
  harness.journalFaults.isDown = true;
  await harness.pass(1_000);
  assert.deepEqual(await harness.totalsOf(idOn(0)), [1, 2]);
});

test('a shard whose transaction does not end is dropped in time, and its worker stays in the group', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  const a = await harness.startNode('a');
  for (const partition of [0, 1]) await harness.add(idOn(partition), [1]);
  await harness.untilTotals(2);
  harness.broker.network.faults = {
    decide: ({ api, client }) =>
      api === 'TxnOffsetCommit' && client === a.log.clientName
        ? { kind: 'drop-request', noticedAfterMs: 50 }
        : { kind: 'pass' },
  };
  for (const partition of [0, 1]) await harness.add(idOn(partition), [1]);
  const b = await harness.startNode('b');
  await harness.until(() => b.worker().shards()[0]?.phase === 'running', 'a shard on b');
  assert.equal(a.worker().shards().length, 1);
  assert.ok(!harness.reports.some((line) => line.includes('out of the group')));
});
