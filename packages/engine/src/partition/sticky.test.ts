import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness, type HarnessNode } from '../engine-harness.ts';

const SHARD_COUNT = 12;
const STEP_MS = 20;
/** A member that is slow to join makes the rebalance that long. */
const SLOW_JOIN_MS = 900;
/** Of a shard, that may be under way at any time: the records of 100 ms. */
const UNDER_WAY_MAX = 5;

/** One entity of each shard. */
const entities = Array.from({ length: SHARD_COUNT }, (_, shard) => {
  for (let number = 0; ; number++) {
    const id = `id-${number}`;
    if (homePartition(Buffer.from(id), SHARD_COUNT) === shard) return id;
  }
});

function shardsOf(node: HarnessNode | undefined): number[] {
  return (
    node
      ?.worker()
      .shards()
      .map(({ shard }) => shard) ?? []
  );
}

function isRunning(node: HarnessNode, shard: number): boolean {
  return node
    .worker()
    .shards()
    .some((status) => status.shard === shard && status.phase === 'running');
}

function isOf(shard: number): (reply: HarnessNode['replies'][number]) => boolean {
  return ({ position }) => position.partition === shard;
}

function hasItsShare(third: HarnessNode | undefined): boolean {
  const shards = shardsOf(third);
  return (
    third !== undefined &&
    shards.length === SHARD_COUNT / 3 &&
    shards.every((shard) => isRunning(third, shard))
  );
}

test('a node that comes gets its share and no more, and the other shards are decided and committed all the while', async () => {
  const harness = new EngineHarness({ partitionCount: SHARD_COUNT });
  const nodes = [await harness.startNode('a'), await harness.startNode('b')];
  await harness.until(
    () => entities.every((_, shard) => nodes.some((node) => isRunning(node, shard))),
    'all shards to run',
  );
  const before = nodes.map((node) => shardsOf(node));

  harness.broker.network.faults = {
    decide: ({ api, client }) =>
      api === 'JoinGroup' && client.startsWith('b')
        ? { kind: 'delay', delayMs: SLOW_JOIN_MS }
        : { kind: 'pass' },
  };
  const coming = { node: undefined as HarnessNode | undefined };
  const starting = harness.startNode('c').then((node) => (coming.node = node));
  const startMs = harness.timers.clock.monotonicMs();
  const underWayMax = Array.from({ length: SHARD_COUNT }, () => 0);
  const paused = new Set<number>();
  for (let sent = 1; !hasItsShare(coming.node); sent++) {
    assert.ok(sent < 500, 'The third node gets its share.');
    for (const [shard, id] of entities.entries()) {
      await harness.add(id, [1]);
      const replied = nodes.flatMap(({ replies }) => replies.filter(isOf(shard)));
      underWayMax[shard] = Math.max(underWayMax[shard] ?? 0, sent - replied.length);
      if (!nodes.some((node) => isRunning(node, shard))) paused.add(shard);
    }
    await harness.pass(STEP_MS);
  }
  await starting;
  const lastedMs = harness.timers.clock.monotonicMs() - startMs;
  assert.ok(lastedMs > 2 * SLOW_JOIN_MS, `The rebalance took ${lastedMs} ms.`);

  const moved = shardsOf(coming.node);
  assert.equal(moved.length, SHARD_COUNT / 3);
  for (const [index, node] of nodes.entries()) {
    assert.deepEqual(
      shardsOf(node),
      before[index]?.filter((shard) => !moved.includes(shard)),
    );
    for (const shard of shardsOf(node)) {
      assert.equal(paused.has(shard), false, `Shard ${shard} runs all the while.`);
      const underWay = underWayMax[shard] ?? Infinity;
      assert.ok(
        underWay <= UNDER_WAY_MAX,
        `Of shard ${shard}, ${underWay} records were under way.`,
      );
    }
  }
});
