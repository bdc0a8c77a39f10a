import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition, type Assignor, type Log } from '@chat-cluster/log';
import { EngineHarness, type HarnessNode } from './engine-harness.ts';
import { LocalityAudit, auditedLocality } from './simulation/locality-audit.ts';

const ids = Array.from({ length: 40 }, (_, index) => `id-${index}`);

/** What all nodes count together. */
function sumOf(nodes: readonly HarnessNode[], name: 'recordsDecided' | 'forwarded'): number {
  return nodes.reduce((sum, node) => sum + node.worker().counters[name], 0);
}

test('every record is decided where it was fetched, also while shards move', async () => {
  const harness = new EngineHarness({ partitionCount: 6 });
  const audit = new LocalityAudit();
  const nodes: HarnessNode[] = [];
  const start = async (name: string): Promise<void> => {
    nodes.push(await harness.startNode(name, { log: (log) => audit.watch(name, log) }));
  };
  const addAll = async (): Promise<void> => {
    for (const id of ids) await harness.add(id, [1]);
  };
  await start('a');
  await addAll();
  const changes = [
    () => start('b'),
    () => start('c'),
    () => harness.settle(nodes[0]!.worker().stop()),
  ];
  for (const change of changes) await Promise.all([change(), addAll()]);
  nodes[1]!.die();
  await addAll();
  await harness.untilTotals(5 * ids.length);
  const counts = await audit.count(harness, nodes);
  assert.deepEqual(counts, {
    decided: counts.decided,
    decidedElsewhere: 0,
    decidedTwice: 0,
    hops: 0,
  });
  assert.equal(auditedLocality(counts), 1);
  for (const node of nodes) assert.equal(node.worker().counters.locality, 1);
  assert.ok(
    nodes.every(({ replies }) => replies.length > 0),
    'Each node had a part in it.',
  );
});

test('a record that was sent to another partition shows as a hop, in both measures', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const audit = new LocalityAudit();
  const nodes = [];
  for (const name of ['a', 'b']) {
    nodes.push(await harness.startNode(name, { log: (log) => audit.watch(name, log) }));
  }
  for (const id of ids) await harness.add(id, [1]);
  const away = (homePartition(Buffer.from('x'), 4) + 1) % 4;
  await harness.add('x', [1], away);
  await harness.untilTotals(ids.length + 1);
  const counts = await audit.count(harness, nodes);
  assert.equal(counts.hops, 1);
  assert.ok(auditedLocality(counts) < 1);
  assert.equal(sumOf(nodes, 'forwarded'), 1);
  assert.equal(Math.min(...nodes.map((node) => node.worker().counters.locality)) < 1, true);
});

test('an assignor that gives a shard to two nodes shows', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const audit = new LocalityAudit();
  const nodes: HarnessNode[] = [];
  for (const name of ['a', 'b']) {
    const log = (real: Log): Log => audit.watch(name, misplacing(real));
    nodes.push(await harness.startNode(name, { log }));
  }
  const ofShard0 = () =>
    nodes.flatMap((node) => node.worker().shards()).filter(({ shard }) => shard === 0);
  await harness.until(
    () => ofShard0().filter(({ phase }) => phase === 'running').length === 2,
    'shard 0 on both nodes',
  );
  const id = ids.find((each) => homePartition(Buffer.from(each), 4) === 0) ?? '';
  await harness.add(id, [1, 1]);
  await harness.until(() => nodes.every(({ replies }) => replies.length === 2), 'both to decide');
  const counts = await audit.count(harness, nodes);
  assert.equal(counts.decidedTwice, 2);
  assert.equal(auditedLocality(counts), 0.5);
  const misplaced = nodes.map((node) => node.worker().counters.recordsMisplaced);
  assert.deepEqual(
    misplaced.toSorted((x, y) => x - y),
    [0, 2],
    'One of them was given it wrongly, and knows.',
  );
  assert.deepEqual(
    nodes.map((node) => node.worker().counters.locality).toSorted((x, y) => x - y),
    [0, 1],
  );
});

test('what was fetched is decided, or waits, or was left when its shard moved', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const nodes = [await harness.startNode('a'), await harness.startNode('b')];
  const isBalanced = (): boolean =>
    nodes.every((node) => {
      const { recordsDecided, recordsFetched, recordsLeft } = node.worker().counters;
      return recordsFetched === recordsDecided + recordsLeft;
    });
  for (const id of ids) await harness.add(id, [1]);
  for (const id of ids) await harness.ask(id, 1);
  await harness.untilTotals(ids.length);
  await harness.untilCount('answers', ids.length);
  assert.ok(isBalanced());
  // Entities that are new cannot be read: their records wait, in shards that then move.
  harness.journalFaults.isDown = true;
  for (const id of ids) await harness.add(`cold-${id}`, [1]);
  await harness.pass(100);
  assert.equal(isBalanced(), false);
  const stopping = nodes[1]?.worker().stop();
  await harness.pass(1_000);
  assert.ok((nodes[1]?.worker().counters.recordsLeft ?? 0) > 0);
  harness.journalFaults.heal();
  await harness.settle(stopping ?? Promise.resolve());
  await harness.untilTotals(2 * ids.length);
  assert.ok(isBalanced());
});

/** The same log, whose group leader gives partition 0 to every member. */
function misplacing(log: Log): Log {
  return {
    admin: log.admin,
    openGroupMember: (options) =>
      log.openGroupMember({ ...options, assignor: spread(options.assignor) }),
    openFetcher: (options, listener) => log.openFetcher(options, listener),
    openTransactionalProducer: (options) => log.openTransactionalProducer(options),
    openProducer: () => log.openProducer(),
    readRange: (options) => log.readRange(options),
    close: () => log.close(),
  };
}

function spread(assignor: Assignor): Assignor {
  return (members) =>
    new Map(
      [...assignor(members)].map(([memberId, { partitions, userData }]) => [
        memberId,
        { partitions: [...new Set([0, ...partitions])], userData },
      ]),
    );
}
