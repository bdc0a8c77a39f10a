import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineHarness, type HarnessNode } from '../engine-harness.ts';

function runs(node: HarnessNode | undefined, shard: number): boolean {
  const statuses = node?.worker().shards() ?? [];
  return statuses.some((status) => status.shard === shard && status.phase === 'running');
}

/** For each shard that moves, how long neither node was seen to run it. Nothing changes between two timers, so that no moment is missed. */
async function silences(
  harness: EngineHarness,
  a: HarnessNode,
  other: () => HarnessNode | undefined,
): Promise<Map<number, number>> {
  const { clock } = harness.timers;
  const fromMs = new Map<number, number>();
  const found = new Map<number, number>();
  const endMs = clock.monotonicMs() + 30_000;
  const isOver = (): boolean =>
    found.size > 0 && [0, 1, 2, 3].every((shard) => runs(a, shard) || runs(other(), shard));
  while (clock.monotonicMs() < endMs && !isOver()) {
    for (let shard = 0; shard < harness.partitionCount; shard++) {
      if (runs(a, shard)) continue;
      const nowMs = clock.monotonicMs();
      if (!fromMs.has(shard)) fromMs.set(shard, nowMs);
      if (!runs(other(), shard) || found.has(shard)) continue;
      found.set(shard, nowMs - (fromMs.get(shard) ?? 0));
    }
    await harness.pass(1);
  }
  return found;
}

test('the silence of a shard that was given up is told by its new owner as it was, and by both in their logs', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const a = await harness.startNode('a');
  await harness.until(() => [0, 1, 2, 3].every((shard) => runs(a, shard)), 'all to run');
  let endTxns = 0;
  harness.broker.network.faults = {
    decide: ({ api, client }) => {
      const isSlow =
        (client.startsWith('a') && api === 'EndTxn' && endTxns++ === 0) ||
        (client.startsWith('b') && api === 'OffsetFetch');
      return isSlow ? { kind: 'delay', delayMs: 200 } : { kind: 'pass' };
    },
  };
  const coming: { node?: HarnessNode } = {};
  const starting = harness.startNode('b').then((node) => (coming.node = node));
  await harness.add('x', [1]);
  const seen = await silences(harness, a, () => coming.node);
  await starting;
  assert.equal(seen.size, 2);
  for (const { shard, silence } of coming.node?.worker().shards() ?? []) {
    const seenMs = seen.get(shard) ?? 0;
    assert.ok(silence?.isWhole, 'It was given up.');
    assert.ok(
      Math.abs(silence.ms - seenMs) <= 10,
      `${silence.ms} ms were told, ${seenMs} ms seen.`,
    );
    assert.ok(
      silence.ms >= 200 && silence.takingOverMs >= 200 && silence.takingOverMs <= silence.ms,
    );
    assert.ok(
      harness.reports.some((line) =>
        line.includes(`Shard ${shard} runs here. It was silent for ${Math.round(silence.ms)} ms`),
      ),
    );
    assert.ok(harness.reports.some((line) => line.includes(`Shard ${shard} was given up, `)));
  }
  const moved = [...seen.keys()].join(',');
  assert.ok(
    harness.reports.includes(
      `info: Starting rebalance for shards [${moved}]. Current shards rebalancing: [] {}`,
    ),
  );
  for (const shard of seen.keys()) {
    const line = `info: Partition [${shard}] assigned to current node. Updating shard allocation {}`;
    assert.equal(
      harness.reports.filter((report) => report === line).length,
      2,
      'Once on each node.',
    );
  }
  assert.equal(coming.node?.worker().counters.shardSilence.count, 2);
});

test('of a shard whose owner is gone, the new one says that it knows only a part of the silence', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const a = await harness.startNode('a');
  const b = await harness.startNode('b');
  await harness.until(
    () => [0, 1, 2, 3].every((shard) => runs(a, shard) || runs(b, shard)),
    'all to run',
  );
  const before = b
    .worker()
    .shards()
    .map(({ shard }) => shard);
  await harness.pass(1_000);
  a.die();
  await harness.until(() => [0, 1, 2, 3].every((shard) => runs(b, shard)), 'all to run on b');
  for (const { shard, silence } of b.worker().shards()) {
    if (before.includes(shard)) continue;
    assert.equal(silence?.isWhole, false);
    assert.ok(silence.ms < 6_000, 'What came before it heard of it is not counted.');
    assert.ok(
      harness.reports.some((line) => line.includes(`Shard ${shard} runs here. Nobody gave it up`)),
    );
  }
  assert.equal(b.worker().counters.shardSilence.count, before.length);
});
