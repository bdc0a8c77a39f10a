import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { turns } from '../cleaner/cleaning-harness.ts';
import { DiskError } from '../disk/disk.ts';
import { OpenFiles } from '../disk/open-files.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import type { TailBatch } from '../partitions/tail.ts';
import { testBatch } from '../storage/log-harness.ts';
import { encodeBatch, RecordBatch } from '../wire/record-batch.ts';
import { PartitionStore } from './partition-store.ts';

const FOLDER = '/data/topics/t/0';
/** Of each batch of two records, with its header. */
const BATCH_BYTES = 111;
const LIMITS = { segmentBytesMax: 4 * BATCH_BYTES, segmentMs: 1000 };
const EVERYTHING = { offset: 0, endOffset: Infinity, maxBytes: 100_000 };

function optionsOn(disk: SimulatedDisk) {
  return { disk, files: new OpenFiles(disk), folder: FOLDER, parentFolders: [], nowMs: 0 };
}

/** Batches `from` to `to`, each of two records; batch n has the time 1000 + n. */
function batches(from: number, to: number): TailBatch[] {
  return Array.from({ length: to - from }, (_, index) => {
    const number = from + index;
    const timestampMs = 1000 + number;
    const batch = new RecordBatch(testBatch({ count: 2, fill: number, timestampMs }));
    batch.setBaseOffset(number * 2);
    const { baseOffset, lastOffset, bytes } = batch;
    return { baseOffset, lastOffset, maxTimestampMs: timestampMs, bytes };
  });
}

async function tenBatches() {
  const disk = new SimulatedDisk();
  const store = PartitionStore.create(optionsOn(disk));
  await store.append(batches(0, 10), LIMITS, 0);
  await store.sync();
  return { disk, store };
}

function offsetsOf(snapshot: { segments: readonly { baseOffset: number }[] }): number[] {
  return snapshot.segments.map((segment) => segment.baseOffset);
}

describe('segments', () => {
  test('are started when the next batch does not fit', async () => {
    const { store } = await tenBatches();
    assert.deepEqual(offsetsOf(store.snapshot()), [0, 8, 16]);
    assert.equal(store.endOffset, 20);
    assert.equal(store.sizeBytes, 10 * BATCH_BYTES);
  });

  test('are started when the active one is old', async () => {
    const { store } = await tenBatches();
    await store.append(batches(10, 11), LIMITS, 999);
    assert.deepEqual(offsetsOf(store.snapshot()), [0, 8, 16]);
    await store.append(batches(11, 12), LIMITS, 1000);
    assert.deepEqual(offsetsOf(store.snapshot()), [0, 8, 16, 22]);
  });

  test('hold a batch that alone is larger than the limit', async () => {
    const store = PartitionStore.create(optionsOn(new SimulatedDisk()));
    await store.append(batches(0, 3), { segmentBytesMax: 1, segmentMs: 1000 }, 0);
    assert.deepEqual(offsetsOf(store.snapshot()), [0, 2, 4]);
  });
});

describe('the folder of a partition', () => {
  test('outlives a power loss with its first segment, whether a checkpoint named the partition or not', async () => {
    const parentFolders = ['/data/topics/t', '/data/topics', '/data'];
    for (const snapshot of [null, { segments: [], endOffset: 0 }]) {
      const disk = new SimulatedDisk();
      const store = await PartitionStore.open({ ...optionsOn(disk), parentFolders }, snapshot);
      await store.append(batches(0, 1), LIMITS, 0);
      await store.sync();
      const after = disk.loseUnsynced(seededRandom(1));
      assert.deepEqual(after.paths(), [`${FOLDER}/00000000000000000000.log`]);
    }
  });
});

describe('reading', () => {
  test('gives the batch that holds the offset, and what follows in its segment', async () => {
    const { store } = await tenBatches();
    const read = await store.read({ ...EVERYTHING, offset: 5 });
    assert.equal(read?.endOffset, 8);
    assert.equal(read?.bytes.byteLength, 2 * BATCH_BYTES);
    assert.equal(read?.bytes[61], 2);
  });

  test('goes on in the next segment, and ends where it shall', async () => {
    const { store } = await tenBatches();
    let offset = 0;
    const fills: (number | undefined)[] = [];
    for (;;) {
      const read = await store.read({ offset, endOffset: 17, maxBytes: 2 * BATCH_BYTES });
      if (read === null) break;
      for (let at = 0; at < read.bytes.byteLength; at += BATCH_BYTES) {
        fills.push(read.bytes[at + 61]);
      }
      offset = read.endOffset;
    }
    assert.deepEqual(fills, [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('after a start works without index files, with them, and with damaged ones', async () => {
    const { disk, store } = await tenBatches();
    const snapshot = store.snapshot();
    const indexPaths = disk.paths().filter((path) => path.endsWith('.idx'));
    assert.equal(indexPaths.length, 2);
    const reread = async () => {
      const again = await PartitionStore.open(optionsOn(disk), snapshot);
      return (await again.read({ ...EVERYTHING, offset: 10 }))?.endOffset;
    };
    assert.equal(await reread(), 16);
    for (const path of indexPaths) {
      disk.damage(path, (contents) => {
        contents[9]! ^= 1;
        return contents;
      });
    }
    assert.equal(await reread(), 16);
    for (const path of indexPaths) await disk.remove(path);
    assert.equal(await reread(), 16);
  });

  test('finds a batch larger than one read takes', async () => {
    const disk = new SimulatedDisk();
    const store = PartitionStore.create(optionsOn(disk));
    const batch = new RecordBatch(testBatch({ bytes: 3_000_000 }));
    batch.setBaseOffset(0);
    const large = { baseOffset: 0, lastOffset: 0, maxTimestampMs: 1000, bytes: batch.bytes };
    await store.append([large], LIMITS, 0);
    const read = await store.read({ ...EVERYTHING, maxBytes: 10 });
    assert.equal(read?.bytes.byteLength, 3_000_061);
  });
});

describe('times', () => {
  test('are found in any segment, but not below the wanted offset', async () => {
    const { store } = await tenBatches();
    const find = async (timestampMs: number, offset = 0) =>
      (await store.findTimestamp(timestampMs, offset))?.baseOffset;
    assert.equal(await find(0), 0);
    assert.equal(await find(1006), 12);
    assert.equal(await find(1000, 9), 8);
    assert.equal(await find(1010), undefined);
    assert.equal(await store.maxTimestampMs(), 1009);
  });
});

describe('deleting', () => {
  test('by time and by size takes whole closed segments only', async () => {
    const { store } = await tenBatches();
    const expired = (olderThanMs: number, keepBytes: number) =>
      store.expiredBelow({ olderThanMs, keepBytes });
    assert.equal(await expired(1003, Infinity), null);
    assert.equal(await expired(1004, Infinity), 8);
    assert.equal(await expired(9999, Infinity), 16);
    assert.equal(await expired(0, 6 * BATCH_BYTES), 8);
    assert.equal(await expired(0, 6 * BATCH_BYTES + 1), null);
  });

  test('lets go of segments at once, and removes their files after the next checkpoint', async () => {
    const { disk, store } = await tenBatches();
    store.dropBelow(15);
    assert.equal(store.startOffset, 8);
    await store.removeDropped();
    const logs = () => disk.paths().filter((path) => path.endsWith('.log')).length;
    assert.equal(logs(), 3, 'the last checkpoint still names the file');
    store.snapshot();
    await store.removeDropped();
    assert.equal(logs(), 2);
  });

  test('that a crash interrupted is finished when the store is opened', async () => {
    const { disk, store } = await tenBatches();
    store.dropBelow(8);
    const snapshot = store.snapshot();
    await store.append(batches(10, 14), LIMITS, 0);
    const again = await PartitionStore.open(optionsOn(disk), snapshot);
    assert.deepEqual(offsetsOf(again.snapshot()), [8, 16]);
    assert.equal(again.endOffset, 20);
    const logs = disk.paths().filter((path) => path.endsWith('.log'));
    assert.equal(
      logs.length,
      2,
      'neither the dropped segment nor the one begun after the checkpoint',
    );
  });
});

describe('a rewrite', () => {
  /** Ten batches in segments from 0, 8 and 16; of the first two only batch 0 and batch 7 are left, in one. */
  async function rewritten() {
    const { disk, store } = await tenBatches();
    const rewrite = await store.rewrite(store.closedSegments());
    const left = batches(0, 8).filter((_, index) => index === 0 || index === 7);
    await rewrite.append(left.map(({ bytes }) => new RecordBatch(bytes)));
    return { disk, store, rewrite };
  }
  const logs = (disk: SimulatedDisk) => disk.paths().filter((path) => path.endsWith('.log')).length;

  test('takes the place of its sources, with gaps between its batches', async () => {
    const { disk, store, rewrite } = await rewritten();
    assert.equal(await rewrite.commit(), true);
    assert.deepEqual(offsetsOf(store.snapshot()), [0, 16]);
    const read = await store.read({ ...EVERYTHING, offset: 3 });
    assert.deepEqual([read?.bytes.byteLength, read?.bytes[61], read?.endOffset], [111, 7, 16]);
    assert.equal((await store.findTimestamp(1001, 0))?.baseOffset, 14);
    for (const withIndex of [true, false]) {
      const [index = ''] = disk.paths().filter((path) => path.endsWith('-1.idx'));
      if (!withIndex) await disk.remove(index);
      const again = await PartitionStore.open(optionsOn(disk), store.snapshot());
      assert.equal((await again.read({ ...EVERYTHING, offset: 3 }))?.endOffset, 16);
      assert.deepEqual(offsetsOf(again.snapshot()), [0, 16]);
    }
  });

  test('leaves the files of its sources until no checkpoint names them, and nobody reads them', async () => {
    const { disk, store, rewrite } = await rewritten();
    const [source] = store.closedSegments();
    assert.ok(source);
    const reading = source.batches()[Symbol.asyncIterator]();
    assert.equal((await reading.next()).done, false);
    await rewrite.commit();
    await store.removeDropped();
    assert.equal(logs(disk), 4, 'the last checkpoint names the sources');
    store.snapshot();
    await store.removeDropped();
    assert.equal(logs(disk), 3, 'one is being read');
    assert.equal((await reading.return?.())?.done, true);
    assert.equal(logs(disk), 2);
    const late = source.batches()[Symbol.asyncIterator]();
    await assert.rejects(late.next(), { code: 'SEGMENT_REMOVED' });
  });

  test('is thrown away when a source has been deleted meanwhile', async () => {
    const { disk, store, rewrite } = await rewritten();
    store.dropBelow(8);
    assert.equal(await rewrite.commit(), false);
    assert.deepEqual(offsetsOf(store.snapshot()), [8, 16]);
    assert.equal((await store.read({ ...EVERYTHING, offset: 8 }))?.bytes[61], 4);
    assert.deepEqual(
      disk.paths().filter((path) => path.includes('-1')),
      [],
    );
  });

  test('with a batch that has no records left finds no time in it, with an index and without', async () => {
    const { disk, store } = await tenBatches();
    const rewrite = await store.rewrite(store.closedSegments());
    const [first, last] = batches(6, 8).map(({ bytes }) => new RecordBatch(bytes));
    assert.ok(first && last);
    const empty = encodeBatch({ ...first.header, recordsCount: 0 }, Buffer.alloc(0));
    await rewrite.append([empty, last]);
    await rewrite.commit();
    for (const withIndex of [true, false]) {
      const [index = ''] = disk.paths().filter((path) => path.endsWith('-1.idx'));
      if (!withIndex) await disk.remove(index);
      const again = await PartitionStore.open(optionsOn(disk), store.snapshot());
      assert.equal((await again.findTimestamp(1006, 0))?.baseOffset, 14);
    }
  });

  test('begins without the files of one before it that failed', async () => {
    const { disk, store, rewrite } = await rewritten();
    disk.failing = (operation) =>
      operation === 'sync' || operation === 'remove' ? new DiskError('failed', 'broken') : null;
    await assert.rejects(rewrite.commit(), { message: 'broken' });
    await assert.rejects(rewrite.discard(), { message: 'broken' });
    disk.failing = null;
    assert.equal(logs(disk), 4);
    await store.rewrite(store.closedSegments());
    assert.equal(logs(disk), 3);
  });

  test('of nothing leaves no segment', async () => {
    const { store } = await tenBatches();
    const rewrite = await store.rewrite(store.closedSegments());
    assert.equal(await rewrite.commit(), true);
    assert.deepEqual(offsetsOf(store.snapshot()), [16]);
    assert.equal((await store.read(EVERYTHING))?.bytes[61], 8);
  });

  test('while a reader is between two segments takes nothing from him', async () => {
    const records = (numbers: readonly number[]) =>
      batches(0, 8)
        .filter((_, index) => numbers.includes(index))
        .map(({ bytes }) => new RecordBatch(bytes));
    for (let count = 0; count < 12; count++) {
      const { store } = await tenBatches();
      const first = await store.rewrite(store.closedSegments().slice(0, 1));
      await first.append(records([0]));
      await first.commit();
      store.snapshot();
      await store.removeDropped();
      const both = await store.rewrite(store.closedSegments());
      await both.append(records([0, 4, 5, 6, 7]));
      const committed = both.commit().then(async () => {
        store.snapshot();
        await store.removeDropped();
      });
      await turns(count);
      const reading = store.read({ ...EVERYTHING, offset: 5 });
      assert.equal((await reading)?.bytes[61], 4, `after ${count} turns`);
      await committed;
    }
  });
});
