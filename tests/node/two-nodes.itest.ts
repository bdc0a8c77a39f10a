import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBrokerThread, type Broker } from '@chat-cluster/broker';
import { within } from '../crash/within.ts';
import { NodeProgram } from './node-program.ts';

const PARTITION_COUNT = 12;
const MOVE_WAIT_MS = 60_000;

type Members = {
  generationId: number;
  members: { name: string; endpoint: string; memberId: string; numShards: number }[];
};

describe('two nodes on one broker', () => {
  const dir = mkdtempSync(join(tmpdir(), 'two-nodes-'));
  let broker: Broker;
  let nodes: NodeProgram[] = [];

  before(async () => {
    broker = await startBrokerThread({ dataDir: join(dir, 'broker') });
    nodes = [await start(), await start()];
    await untilSpread();
  });
  after(async () => {
    await Promise.all(nodes.map(({ program }) => program[Symbol.asyncDispose]()));
    await broker.close();
    rmSync(dir, { recursive: true });
  });

  const start = (): Promise<NodeProgram> =>
    NodeProgram.start({ kafkaPort: broker.port, journalDir: join(dir, 'journal') });

  const untilSpread = (): Promise<void> =>
    within(MOVE_WAIT_MS, async () => {
      const counts = await Promise.all(nodes.map((node) => node.shardCount()));
      return counts.every((count) => count === PARTITION_COUNT / nodes.length)
        ? undefined
        : `The shards are spread evenly: ${counts.join(', ')}.`;
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

  it('a node that is killed is taken out of the group by the other, which goes on with its shards', async () => {
    const [survivor, killed] = nodes;
    assert.ok(survivor !== undefined && killed !== undefined);
    await killed.program.kill();
    await within(MOVE_WAIT_MS, async () => {
      const count = await survivor.shardCount();
      return count === PARTITION_COUNT ? undefined : `It has all shards: ${count}.`;
    });
    assert.match(
      survivor.program.stdout,
      /Node 127\.0\.0\.1:\d+ at 127\.0\.0\.1:\d+ is gone: its connection broke, and it refuses new ones/,
    );
  });
});
