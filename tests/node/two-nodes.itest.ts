import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { within } from '../crash/within.ts';
import { startEmbeddedBackend, type Backend } from './backend.ts';
import { MOVE_WAIT_MS, NodeCluster, PARTITION_COUNT } from './node-cluster.ts';
import type { NodeProgram } from './node-program.ts';

/** The group misses a dead member 6 s after its last heartbeat, which it sent at most 250 ms before it died. */
const SESSION_LEFT_MS = 5_750;
/** What is over sooner was not waited for: the other node has taken it out. That takes a third of a second; a busy machine has the rest. */
const TAKEN_OUT_MS = SESSION_LEFT_MS - 750;

type Members = {
  generationId: number;
  members: { name: string; endpoint: string; memberId: string; numShards: number }[];
};

describe('two nodes on one broker', () => {
  let backend: Backend;
  let cluster: NodeCluster;
  let nodes: readonly NodeProgram[];

  before(async () => {
    backend = await startEmbeddedBackend();
    cluster = await NodeCluster.start(backend);
    nodes = cluster.nodes;
  });
  after(async () => {
    await cluster[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it('an operator counts the shards of a node with curl, jq and grep', async () => {
    for (const node of nodes) {
      const shown = await node.ask('/cluster/shards/conversation');
      // What `jq -r .` prints, which is not on every machine.
      const lines = JSON.stringify(shown, null, 2).split('\n');
      assert.equal(lines.filter((line) => line.includes('shardId')).length, PARTITION_COUNT / 2);
    }
  });

  it('each knows both members, what they own and where they answer', async () => {
    await within(MOVE_WAIT_MS, async () => {
      const [one, other] = (await Promise.all(
        nodes.map((node) => node.ask('/cluster/members')),
      )) as [Members, Members];
      const counts = one.members.map(({ numShards }) => numShards);
      const areAlike = one.generationId === other.generationId;
      return areAlike && counts.join() === '6,6' ? undefined : JSON.stringify([one, other]);
    });
    const { members } = (await nodes[0]!.ask('/cluster/members')) as Members;
    assert.equal(new Set(members.map(({ memberId }) => memberId)).size, 2);
    for (const { endpoint, name } of members) {
      assert.match(endpoint, /^127\.0\.0\.1:[1-9]\d*$/);
      assert.equal(name, endpoint);
    }
  });

  it('each knows the owner of every shard', async () => {
    const all = (await nodes[1]!.ask('/cluster/shards/conversation?all')) as {
      regions: { shardId: string; owner: string; endpoint: string }[];
    };
    assert.deepEqual(
      all.regions.map(({ shardId }) => Number(shardId)),
      Array.from({ length: PARTITION_COUNT }, (_, shard) => shard),
    );
    assert.equal(new Set(all.regions.map(({ owner }) => owner)).size, 2);
  });

  it('a node that is killed is taken out of the group by the other, which runs its shards before its session ends', async (t) => {
    const [survivor, killed] = nodes;
    assert.ok(survivor !== undefined && killed !== undefined);
    const killedMs = performance.now();
    await killed.program.kill();
    await within(TAKEN_OUT_MS, async () => {
      const running = (await survivor.shards()).filter(({ phase }) => phase === 'running');
      return running.length === PARTITION_COUNT
        ? undefined
        : `It runs all shards: ${running.length}.`;
    });
    t.diagnostic(`All shards ran again after ${(performance.now() - killedMs).toFixed(0)} ms.`);
    assert.match(
      survivor.program.stdout,
      /Node 127\.0\.0\.1:\d+ at 127\.0\.0\.1:\d+ is gone: its connection broke, and it refuses new ones/,
    );
  });
});
