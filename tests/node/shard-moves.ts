import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { NodeCluster } from './node-cluster.ts';
import type { OwnedShard } from './node-program.ts';

/** Who owns a shard, and the silence before its tenure there: as long as both stay as they are, it is the same tenure. */
export type Tenures = ReadonlyMap<string, { readonly worker: string; readonly silence: unknown }>;

const LOOK_EVERY_MS = 50;

export async function tenuresOf({ nodes }: NodeCluster): Promise<Tenures> {
  const shards = (await Promise.all(nodes.map((node) => node.shards()))).flat();
  return new Map(shards.map(({ shardId, silence, worker }) => [shardId, { worker, silence }]));
}

/** The shards whose tenure is another one, in order. */
export function movedBetween(before: Tenures, after: Tenures): readonly string[] {
  return [...before.keys()].filter((shard) => {
    const [one, other] = [before.get(shard), after.get(shard)];
    return JSON.stringify(one) !== JSON.stringify(other);
  });
}

/**
 * Looks at these nodes' shards again and again while something goes on; resolves with those that did not run, or were away, at
 * any look, in order.
 */
export async function pausedWhile(
  { nodes }: NodeCluster,
  during: () => Promise<void>,
): Promise<{ readonly paused: readonly string[]; readonly lookCount: number }> {
  const looked = nodes.slice();
  const paused = new Set<string>();
  const over = new AbortController();
  let lookCount = 0;
  const look = async (): Promise<void> => {
    const expected = (await Promise.all(looked.map((node) => node.shards()))).flat();
    assert.ok(expected.every(isRunning), 'All shards run before.');
    while (!over.signal.aborted) {
      const shown = (await Promise.all(looked.map((node) => node.shards()))).flat();
      const running = new Set(shown.filter(isRunning).map(({ shardId }) => shardId));
      for (const { shardId } of expected) if (!running.has(shardId)) paused.add(shardId);
      lookCount += 1;
      await delay(LOOK_EVERY_MS);
    }
  };
  await Promise.all([look(), during().finally(() => over.abort())]);
  return { paused: [...paused].toSorted((a, b) => Number(a) - Number(b)), lookCount };
}

function isRunning({ phase }: OwnedShard): boolean {
  return phase === 'running';
}
