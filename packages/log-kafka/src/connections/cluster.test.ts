import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import type { AdapterContext } from '../adapter-context.ts';
import { Cluster } from './cluster.ts';

const PARTITIONS = Array.from({ length: 12 }, (_, partition) => partition);

/** A cluster whose brokers, the first of which leads everything, the test sets. */
class ScriptedCluster {
  brokerIds = [3, 1];
  readonly asked: string[] = [];
  readonly cluster: Cluster;

  constructor() {
    const timers = new ManualTimers();
    const context = { clock: timers.clock, timers, settings: {} } as unknown as AdapterContext;
    this.cluster = new Cluster([], context);
    const ask = async (_api: unknown, names: readonly string[]) => this.#answer(names);
    Object.assign(this.cluster, { ask });
  }

  #answer(names: readonly string[]) {
    this.asked.push(names.join());
    const leaderId = this.brokerIds[0] ?? -1;
    const partitions = PARTITIONS.map((partitionIndex) => ({ partitionIndex, leaderId }));
    return {
      brokers: this.brokerIds.map((nodeId) => ({ nodeId, host: 'host', port: nodeId })),
      topics: names.map((name) => ({ name, topicId: name, errorCode: 0, partitions })),
    };
  }
}

test('a leader that died is looked for anew, in every topic, by one question each', async () => {
  const scripted = new ScriptedCluster();
  const { asked, cluster } = scripted;
  await cluster.describe(['a', 'b']);
  scripted.brokerIds = [1];
  await cluster.describe(['a']);
  const leaders = await Promise.all(
    PARTITIONS.map((partition) => cluster.leaderOf('b', partition)),
  );
  assert.deepEqual(new Set(leaders.map(({ nodeId }) => nodeId)), new Set([1]));
  assert.deepEqual(asked, ['a,b', 'a', 'b']);
});

test('a partition that has no leader, by the latest word of the cluster, is unavailable', async () => {
  const scripted = new ScriptedCluster();
  scripted.brokerIds = [];
  await assert.rejects(scripted.cluster.leaderOf('a', 0), { code: 'unavailable' });
  await assert.rejects(scripted.cluster.leaderOf('a', 12), { code: 'unknown-topic' });
});
