import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Journal } from '@chat-cluster/journal';
import { homePartition } from '@chat-cluster/log';
import { EngineHarness } from '../engine-harness.ts';

/** A journal that tells which entities each read asks for. */
function watched(journal: Journal, reads: string[][]): Journal {
  const readSnapshots = journal.readSnapshots.bind(journal);
  journal.readSnapshots = (type, ids) => {
    reads.push([...ids]);
    return readSnapshots(type, ids);
  };
  return journal;
}

/** So many entities of this shard of two. */
function idsOf(shard: number, count: number): string[] {
  const ids: string[] = [];
  for (let index = 0; ids.length < count; index++) {
    const id = `id-${index}`;
    if (homePartition(Buffer.from(id), 2) === shard) ids.push(id);
  }
  return ids;
}

test('the first records of a shard wait for small reads, in their order; later ones are large', async () => {
  const harness = new EngineHarness({ partitionCount: 1 });
  const ids = Array.from({ length: 150 }, (_, index) => `id-${index}`);
  for (const id of ids) await harness.add(id, [1]);
  const reads: string[][] = [];
  await harness.startNode('a', { journal: (journal) => watched(journal, reads) });
  await harness.untilTotals(ids.length);
  assert.deepEqual(
    reads.slice(0, 4).map(({ length }) => length),
    [1, 4, 16, 50],
  );
  assert.deepEqual(reads.flat(), ids);
});

test('a shard’s first record is read for before the later ones of another shard', async () => {
  for (const shard of [0, 1]) {
    const harness = new EngineHarness({ partitionCount: 2, limits: { recoveryConcurrency: 1 } });
    const [many, few] = [idsOf(shard, 80), idsOf(1 - shard, 1)];
    for (const id of [...many, ...few]) await harness.add(id, [1]);
    harness.journalFaults.delayMs = 100;
    const reads: string[][] = [];
    await harness.startNode('a', { journal: (journal) => watched(journal, reads) });
    await harness.untilTotals(many.length + few.length);
    const before = reads.findIndex((ids) => ids.includes(few[0] ?? ''));
    assert.ok(before === 0 || before === 1, `${before} others were read before.`);
  }
});

test('at ease snapshots are written more often than while behind', async () => {
  const seqOfSnapshot = async (behindRecords: number): Promise<number | undefined> => {
    const limits = { snapshotEveryEventsAtEase: 5, snapshotEveryEvents: 8, behindRecords };
    const harness = new EngineHarness({ partitionCount: 1, limits });
    await harness.add('x', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    await harness.startNode('a');
    await harness.untilTotals(12);
    await harness.pass(1_000);
    return harness.store.readSnapshot('counter', 'x')?.seq;
  };
  assert.equal(await seqOfSnapshot(100), 9);
  assert.equal(await seqOfSnapshot(1), 7);
});
