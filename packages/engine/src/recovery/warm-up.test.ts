import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '@chat-cluster/journal';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness, type HarnessNode } from '../engine-harness.ts';

/** What a node reads of entities: how many reads are under way at most, and which entities, in order. */
class JournalReads {
  readonly entityIds: string[] = [];
  runningMax = 0;
  #running = 0;

  watch(journal: Journal): Journal {
    return {
      pinPartitionCount: (type, count) => journal.pinPartitionCount(type, count),
      readShards: (type, shards) => journal.readShards(type, shards),
      placeShard: (type, shard) => journal.placeShard(type, shard),
      append: (batch) => journal.append(batch),
      writeSnapshots: (type, snapshots) => journal.writeSnapshots(type, snapshots),
      readSnapshots: (type, ids) => {
        this.entityIds.push(...ids);
        return this.#count(journal.readSnapshots(type, ids));
      },
      readEvents: (type, queries) => this.#count(journal.readEvents(type, queries)),
      readEventsBefore: (type, query) => journal.readEventsBefore(type, query),
      scan: (type) => journal.scan(type),
      close: () => journal.close(),
    };
  }

  async #count<T>(read: Promise<T>): Promise<T> {
    this.#running += 1;
    this.runningMax = Math.max(this.runningMax, this.#running);
    try {
      return await read;
    } finally {
      this.#running -= 1;
    }
  }
}

function namesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id-${index}`);
}

/** Entities have each one event, and nobody has them in memory. */
async function leave(harness: EngineHarness, ids: readonly string[]): Promise<void> {
  const node = await harness.startNode('before');
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(ids.length);
  await harness.settle(node.worker().stop());
}

function warmedBy(node: HarnessNode): number {
  return node.worker().counters.entitiesWarmed;
}

test('where a shard comes, the entities that were active are there before a record needs them', async () => {
  const harness = new EngineHarness({ partitionCount: 4 });
  const ids = namesOf(40);
  await leave(harness, ids);
  const node = await harness.startNode('a');
  await harness.until(() => warmedBy(node) === ids.length, 'all to be read ahead');
  harness.journalFaults.isDown = true;
  for (const id of ids) await harness.add(id, [1]);
  await harness.untilTotals(2 * ids.length);
  for (const id of ids) assert.deepEqual(await harness.totalsOf(id), [1, 2]);
});

test('many shards that come at once read ahead two at a time, and with the records’ own reads no more than may', async () => {
  const limits = { recoveryBatchCount: 2, recoveryConcurrency: 4 };
  const harness = new EngineHarness({ partitionCount: 32, limits });
  const ids = namesOf(200);
  await leave(harness, ids);
  harness.journalFaults.delayMs = 20;
  const reads = new JournalReads();
  const node = await harness.startNode('a', { journal: (journal) => reads.watch(journal) });
  await harness.until(() => warmedBy(node) > 20, 'some to be read ahead');
  assert.equal(reads.runningMax, 2);
  for (const id of namesOf(300)) await harness.add(id, [1]);
  await harness.untilTotals(500);
  assert.ok(reads.runningMax > 2 && reads.runningMax <= 4, `${reads.runningMax} at a time`);
  assert.equal(new Set(reads.entityIds).size, reads.entityIds.length, 'None is read twice.');
});

test('reads that records wait for come first, also where there would be room beside them', async () => {
  for (const recoveryConcurrency of [1, 8]) {
    const limits = { recoveryBatchCount: 1, recoveryConcurrency };
    const harness = new EngineHarness({ partitionCount: 1, limits });
    await leave(harness, namesOf(20));
    const waiting = Array.from({ length: 6 }, (_, index) => `new-${index}`);
    for (const id of waiting) await harness.add(id, [1]);
    const reads = new JournalReads();
    const journal = (real: Journal): Journal => reads.watch(real);
    harness.journalFaults.delayMs = 100;
    const node = await harness.startNode('a', { journal });
    await harness.until(() => warmedBy(node) === 20, 'all to be read ahead');
    assert.deepEqual(reads.entityIds.slice(0, waiting.length), waiting);
    assert.ok(reads.runningMax <= waiting.length, 'Nothing is read ahead beside them.');
  }
});

test('a journal that is slow is not asked for more', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { recoveryBatchCount: 5 } });
  await leave(harness, namesOf(100));
  harness.journalFaults.delayMs = 400;
  const node = await harness.startNode('a');
  await harness.pass(30_000);
  assert.equal(warmedBy(node), 5);
});

test('what is read ahead is bounded, newest first', async () => {
  const ids = namesOf(100);
  for (const limits of [{ warmUpEventsMax: 30 }, { warmUpBytesMax: 1 }]) {
    const harness = new EngineHarness({ partitionCount: 1, limits });
    await leave(harness, ids);
    const reads = new JournalReads();
    await harness.startNode('a', { journal: (journal) => reads.watch(journal) });
    await harness.pass(5_000);
    const count = reads.entityIds.length;
    assert.ok(count > 0 && count <= 50, `${count} were read ahead.`);
    assert.deepEqual(reads.entityIds, ids.slice(-count).toReversed());
  }
});

test('where entities have half of their room, none are read ahead', async () => {
  const limits = { entityBytesMax: 1_000, recoveryBatchCount: 1, warmUpConcurrency: 1 };
  const harness = new EngineHarness({ partitionCount: 1, limits });
  await leave(harness, namesOf(100));
  const node = await harness.startNode('a');
  await harness.until(() => warmedBy(node) > 0, 'some to be read ahead');
  await harness.pass(500);
  assert.ok(warmedBy(node) < 20, `${warmedBy(node)} were read ahead.`);
  assert.ok(node.worker().entityBytes < 1_000);
});

test('a shard that goes is not read ahead on', async () => {
  const harness = new EngineHarness({ partitionCount: 1, limits: { recoveryBatchCount: 5 } });
  await leave(harness, namesOf(100));
  harness.journalFaults.delayMs = 100;
  const node = await harness.startNode('a');
  await harness.until(() => warmedBy(node) > 0, 'some to be read ahead');
  await harness.settle(node.worker().stop());
  const warmed = warmedBy(node);
  await harness.pass(5_000);
  assert.ok(warmedBy(node) <= warmed + 10);
});

test('an entity of elsewhere whose event somebody has copied here is left alone', async () => {
  const harness = new EngineHarness({ partitionCount: 2 });
  const node = await harness.startNode('before');
  const [here = '', away = ''] = [0, 1].map((shard) =>
    namesOf(20).find((id) => homePartition(Buffer.from(id), 2) === shard),
  );
  await harness.add(away, [1]);
  await harness.untilTotals(1);
  const [copied] = await harness.readPartition('counter_events', 1);
  await harness.send('counter_events', here, [copied!], 0);
  await harness.add(here, [1]);
  await harness.untilTotals(2);
  await harness.settle(node.worker().stop());
  const next = await harness.startNode('a');
  await harness.pass(5_000);
  assert.equal(warmedBy(next), 2);
  assert.deepEqual(next.worker().troubles(), []);
});
