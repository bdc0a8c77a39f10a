import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition, type MemoryApi, type MemoryCall } from '@chat-cluster/log';
import { EngineHarness, type HarnessNode } from './engine-harness.ts';

/** From now on no request of this kind of the node arrives. */
function lose(harness: EngineHarness, node: HarnessNode, lost: MemoryApi): void {
  harness.broker.network.faults = {
    decide: ({ api, client }) =>
      api === lost && client === node.log.clientName
        ? { kind: 'drop-request', noticedAfterMs: 50 }
        : { kind: 'pass' },
  };
}

test('what was decided and did not commit is seen by nobody: no reply, no snapshot, no row, no output', async () => {
  const limits = { snapshotEveryEvents: 2, entityBytesMax: 1, snapshotAtPassivationEvents: 1 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  const node = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  await harness.pass(2_000);
  lose(harness, node, 'EndTxn');
  await harness.add('x', [2, 3, 4, 5, 6]);
  await harness.pass(5_000);
  assert.ok(node.worker().decidedBytes > 0);
  assert.deepEqual(
    node.replies.map(({ reply }) => reply),
    [1],
  );
  assert.equal(harness.store.readSnapshot('counter', 'x')?.seq ?? 0, 0);
  assert.deepEqual(harness.seqsOf('x'), [0]);
  node.die();
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await harness.startNode('b');
  await harness.untilTotals(6);
  assert.deepEqual(await harness.totalsOf('x'), [1, 3, 6, 10, 15, 21]);
});

test('a hand-over repeats nothing: what was decided is committed by who decided it', async () => {
  // Transactions take long, so that there is always one under way.
  const network = { hopDelayMs: ({ client }: MemoryCall) => (client === 'outside' ? 0 : 15) };
  const harness = new EngineHarness({ partitionCount: 8, broker: { network } });
  const a = await harness.startNode('a');
  const ids = Array.from({ length: 40 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  const starting = harness.startNode('b');
  for (let round = 0; round < 25; round++) {
    for (const id of ids) await harness.add(id, [1]);
    await harness.pass(40);
  }
  const b = await starting;
  await harness.untilTotals(26 * ids.length);
  assert.equal(b.worker().shards().length, 4);
  const decided = [a, b].map((node) => node.worker().counters.recordsDecided);
  assert.equal((decided[0] ?? 0) + (decided[1] ?? 0), 26 * ids.length);
});

test('a shard is not taken over before a heartbeat that was sent after reading is acknowledged', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const first = await harness.startNode('a');
  await harness.add('x', [1]);
  await harness.untilTotals(1);
  await harness.settle(first.worker().stop());
  const second = await harness.startNode('b');
  await harness.settle(second.worker().stop());
  harness.broker.network.faults = {
    decide: ({ api }) => (api === 'Heartbeat' ? { kind: 'drop-request' } : { kind: 'pass' }),
  };
  const third = await harness.startNode('c');
  await harness.pass(4_000);
  assert.equal(third.worker().shards()[0]?.phase, 'taking-over');
  harness.broker.network.faults = { decide: () => ({ kind: 'pass' }) };
  await harness.until(() => third.worker().shards()[0]?.phase === 'running', 'a running shard');
});

/** Two nodes, half of the shards each; one dies in a transaction that holds something of each of its shards, and the other goes on. */
async function goOnAfterDeath(partitionCount: number): Promise<EngineHarness> {
  const harness = new EngineHarness({ partitionCount });
  const a = await harness.startNode('a');
  const b = await harness.startNode('b');
  const half = partitionCount / 2;
  await harness.until(() => b.worker().shards().length === half, 'half of the shards each');
  const ids = Array.from({ length: 20 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(20);
  harness.dieAfter(a, 'Produce', 1);
  const beganMs = harness.timers.clock.monotonicMs();
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(40);
  const sessionMs = 6_000;
  assert.ok(harness.timers.clock.monotonicMs() - beganMs < sessionMs + 2_000);
  return harness;
}

test('the open transaction of a dead worker is fenced, not waited for', async () => {
  await goOnAfterDeath(2);
});

test('shards that come together fence a dead worker once', async () => {
  const { reports } = await goOnAfterDeath(8);
  assert.equal(reports.filter((report) => report.includes('Fencing the open')).length, 1);
});

test('who is in the group is not fenced while the group rebalances', async () => {
  // Transactions of the first node take long, so that there is one under way.
  const hopDelayMs = ({ client }: MemoryCall): number => (client.startsWith('a') ? 15 : 0);
  const harness = new EngineHarness({ partitionCount: 2, broker: { network: { hopDelayMs } } });
  await harness.startNode('a');
  const ids = Array.from({ length: 8 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  let ongoing: string[] | undefined;
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      if (client.startsWith('b') && api === 'ListTransactions' && ongoing === undefined) {
        ongoing = harness.broker.transactions.ongoing('counters/');
        void harness.startNode('c'); // the group rebalances from now on
      }
      const isLate = client.startsWith(api === 'Heartbeat' ? 'a' : 'b');
      const isOfRebalance = api === 'DescribeGroups' || api === 'Heartbeat';
      if (ongoing === undefined || !isLate || !isOfRebalance) return { kind: 'pass' };
      return { kind: 'delay', delayMs: api === 'Heartbeat' ? 900 : 50 };
    },
  };
  void harness.startNode('b');
  for (let round = 0; round < 100; round++) {
    for (const id of ids) await harness.add(id, [1]);
    await harness.pass(20);
  }
  assert.deepEqual(ongoing, ['counters/a']);
  await harness.untilTotals(101 * ids.length);
  assert.deepEqual(
    harness.reports.filter((line) => /[Ff]enc/.test(line)),
    [],
  );
});

test('a shard that waits for its journal holds up no other shard’s transaction', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  await harness.startNode('a');
  const homed = (home: number): string =>
    Array.from({ length: 100 }, (_, index) => `id-${index}`).find(
      (id) => homePartition(Buffer.from(id), 2) === home,
    ) ?? '';
  const [cold, hot] = [homed(0), homed(1)];
  await harness.add(hot, [1]);
  await harness.untilTotals(1);
  harness.journalFaults.isDown = true;
  await harness.add(cold, [10]);
  await harness.pass(100);
  await harness.add(hot, [2, 3]);
  await harness.untilTotals(3);
  assert.deepEqual(await harness.totalsOf(hot), [1, 3, 6]);
  assert.deepEqual(await harness.totalsOf(cold), []);
  harness.journalFaults.heal();
  await harness.untilTotals(4);
  assert.deepEqual(await harness.totalsOf(cold), [10]);
});
