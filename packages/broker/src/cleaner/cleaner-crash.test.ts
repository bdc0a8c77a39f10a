import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { DiskError } from '../disk/disk.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { PartitionStore } from '../segments/partition-store.ts';
import { openLog, type LogHarness } from '../storage/log-harness.ts';
import { crc32c } from '../wire/crc32c.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import {
  checkpointed,
  cleanerOf,
  consume,
  keyedBatch,
  tableOf,
  turns,
} from './cleaning-harness.ts';

const OVERRIDES = {
  'cleanup.policy': 'compact',
  'segment.bytes': '400',
  'min.cleanable.dirty.ratio': '0',
};
const PRODUCER = { producerId: 5, producerEpoch: 0 };
const KEYS = ['a', 'b', 'c'];
const BATCHES = 24;

/** A log whose batch n has one record of every third key with the value n; every fourth was aborted. */
async function dirtyLog(): Promise<{ disk: SimulatedDisk; log: LogHarness }> {
  const disk = new SimulatedDisk();
  const log = await openLog(disk);
  await log.createTopic('t', { overrides: OVERRIDES });
  const partition = log.partition('t', 0);
  for (let index = 0; index < BATCHES; index++) {
    const isTransactional = index % 4 === 3;
    const identity = { ...PRODUCER, baseSequence: index, isTransactional };
    await log.append(partition, keyedBatch([[KEYS[index % 3] ?? '', `${index}`]], identity));
    if (!isTransactional) continue;
    const marker = { ...PRODUCER, coordinatorEpoch: 0, timestampMs: 1000 };
    await partition.appendControlBatch({ ...marker, type: 'abort' });
  }
  await checkpointed(log);
  return { disk, log };
}

const EXPECTED = new Map([['a', '21'], ['c', '20'], ['b', '22']]); // prettier-ignore

function segmentFiles(disk: SimulatedDisk): string[] {
  return disk.paths().filter((path) => path.endsWith('.log'));
}

/** Closed ones and, when there are any, the active one. */
function segmentsCount(log: LogHarness): number {
  const { segments } = log.partition('t', 0).cleaning;
  assert.ok(segments instanceof PartitionStore);
  return segments.endOffset === 0 ? 0 : segments.closedSegments().length + 1;
}

async function tableIn(log: LogHarness): Promise<Map<string, string>> {
  return tableOf(await consume(log.partition('t', 0), { isReadCommitted: true }));
}

/** Cleans, and waits until the replaced files are gone. */
async function cleanAll(log: LogHarness, disk: SimulatedDisk): Promise<void> {
  await checkpointed(log);
  await cleanerOf(log).run();
  while (segmentFiles(disk).length !== segmentsCount(log)) {
    await turns();
  }
}

describe('a crash at any step of a cleaning', () => {
  for (const kind of ['kill', 'power loss'] as const) {
    test(`loses nothing and leaves nothing behind (${kind})`, async () => {
      const { disk, log } = await dirtyLog();
      const random = seededRandom(7);
      const crashed: { readonly step: string; readonly disk: SimulatedDisk }[] = [];
      disk.failing = (operation, path) => {
        const after = kind === 'kill' ? disk.afterKill() : disk.loseUnsynced(random);
        crashed.push({ step: `${operation} ${path}`, disk: after });
        return null;
      };
      await cleanAll(log, disk);
      disk.failing = null;
      const steps = crashed.map(({ step }) => step).join('\n');
      for (const step of [/write .*-1\.log/, /sync .*-1\.log/, /write .*-1\.idx/, /sync .*\/0$/m]) {
        assert.match(steps, step);
      }
      assert.match(steps, /rename .*checkpoint/);
      assert.match(steps, /remove .*0\.log/);
      for (const { step, disk: found } of crashed) await requireWhole(found, step);
    });
  }
});

async function requireWhole(disk: SimulatedDisk, step: string): Promise<void> {
  const log = await openLog(disk);
  const partition = log.partition('t', 0);
  assert.equal(partition.failure, null, step);
  assert.equal(segmentFiles(disk).length, segmentsCount(log), `files after: ${step}`);
  assert.deepEqual(await tableIn(log), EXPECTED, step);
  await cleanAll(log, disk);
  assert.deepEqual(await tableIn(log), EXPECTED, `cleaned after: ${step}`);
  assert.deepEqual(log.errors, [], step);
  await log.close();
}

describe('after a cleaning and a restart', () => {
  test('a producer goes on with its sequence, and its retries get their original offsets', async () => {
    const { disk, log } = await dirtyLog();
    const before = log.partition('t', 0).producerStates();
    const remembered = [...before.entries()].map(([, { batches }]) => batches)[0] ?? [];
    assert.equal(remembered.length, 5);
    await cleanAll(log, disk);
    const again = await openLog(disk.afterKill());
    const partition = again.partition('t', 0);
    const batch = (baseSequence: number, isTransactional = false) =>
      keyedBatch([['a', 'retry']], { ...PRODUCER, baseSequence, isTransactional });
    for (const { firstSequence, baseOffset } of remembered) {
      const isTransactional = firstSequence % 4 === 3;
      assert.equal(partition.append(batch(firstSequence, isTransactional)).baseOffset, baseOffset);
    }
    const gap = partition.append(batch(BATCHES + 1));
    assert.equal(gap.errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert.equal(partition.append(batch(BATCHES)).errorCode, ErrorCode.NONE);
  });

  test('aborted transactions below what is clean are forgotten, though the checkpoint has them', async () => {
    const { disk, log } = await dirtyLog();
    await cleanAll(log, disk);
    await log.close();
    const after = disk.afterKill();
    after.damage('/data/checkpoint', (contents) => {
      const json = contents.toString('latin1', 9);
      const stale = { producerId: 5, firstOffset: 3, lastOffset: 4 };
      const changed = json.replace('"aborted":[', `"aborted":[${JSON.stringify(stale)},`);
      assert.notEqual(changed, json);
      const checksum = crc32c(Buffer.from(changed)).toString(16).padStart(8, '0');
      return Buffer.from(`${checksum}\n${changed}`);
    });
    const again = await openLog(after);
    assert.equal(again.partition('t', 0).cleaning.aborted.length, 1);
  });

  test('what is clean is not cleaned again', async () => {
    const { disk, log } = await dirtyLog();
    await cleanAll(log, disk);
    const { firstDirtyOffset } = log.partition('t', 0).cleaning.segments;
    assert.ok(firstDirtyOffset > 0);
    await log.close();
    const after = disk.afterKill();
    const again = await openLog(after);
    assert.equal(again.partition('t', 0).cleaning.segments.firstDirtyOffset, firstDirtyOffset);
    let writesCount = 0;
    after.failing = (operation) => {
      if (operation === 'write') writesCount++;
      return null;
    };
    await cleanerOf(again).run();
    assert.equal(writesCount, 0);
  });
});

describe('a disk that fails while a log is cleaned', () => {
  for (const [code, until] of [
    ['no-space', 'until there is room'],
    ['failed', 'until the next start'],
  ] as const) {
    test(`stops the cleaning, ${until}, and nothing else (${code})`, async () => {
      const { disk, log } = await dirtyLog();
      const cleaner = cleanerOf(log);
      disk.failing = (operation, path) =>
        operation === 'write' && path.endsWith('-1.log') ? new DiskError(code, 'broken') : null;
      for (let round = 0; round < 2; round++) await cleaner.run();
      assert.deepEqual(
        log.errors.map(({ message }) => message),
        [`t-0 is not compacted ${until}: broken`],
      );
      disk.failing = null;
      assert.equal(log.partition('t', 0).failure, null);
      assert.deepEqual(await tableIn(log), EXPECTED);
      await cleaner.run();
      const isClean = log.partition('t', 0).cleaning.segments.firstDirtyOffset > 0;
      assert.equal(isClean, code === 'no-space');
      assert.deepEqual(await tableIn(log), EXPECTED);
    });
  }
});

describe('of several logs', () => {
  test('the dirtiest is cleaned first, and one at a time', async () => {
    const { disk, log } = await dirtyLog();
    await cleanAll(log, disk);
    await log.createTopic('u', { overrides: OVERRIDES });
    for (let index = 0; index < 20; index++) {
      for (const topic of ['t', 'u']) {
        await log.append(log.partition(topic, 0), keyedBatch([['a', `${index}`]]));
      }
    }
    await checkpointed(log);
    const written: string[] = [];
    disk.failing = (operation, path) => {
      const topic = /\/(.)~.*-\d+\.log$/.exec(path)?.[1];
      if (operation === 'write' && topic !== undefined) written.push(topic);
      return null;
    };
    await cleanerOf(log).run();
    assert.match(written.join(''), /^u+t+$/);
  });
});

describe('a topic that is deleted while it is cleaned', () => {
  test('leaves no file behind', async () => {
    const { disk, log } = await dirtyLog();
    const topic = log.topics.byName('t');
    assert.ok(topic);
    const cleaning = cleanerOf(log).run();
    while (!disk.paths().some((path) => path.endsWith('-1.log'))) await turns();
    await log.topics.delete(topic);
    await cleaning;
    while (hasFiles(disk)) await turns();
    assert.deepEqual(log.errors, []);
  });

  test('keeps its folder until the cleaner has finished what it is writing', async () => {
    const { disk, log } = await dirtyLog();
    const topic = log.topics.byName('t');
    assert.ok(topic);
    const writing = Promise.withResolvers<void>();
    const cleaning = log.partition('t', 0).cleaning.run(() => writing.promise);
    await log.topics.delete(topic);
    await turns(50);
    assert.equal(hasFiles(disk), true);
    writing.resolve();
    await cleaning;
    while (hasFiles(disk)) await turns();
  });
});

function hasFiles(disk: SimulatedDisk): boolean {
  return disk.paths().some((path) => path.startsWith('/data/topics/t~'));
}

describe('a reader of committed records', () => {
  test('gets nothing aborted from a segment that was being read when it was cleaned', async () => {
    const { disk, log } = await dirtyLog();
    await log.close();
    const again = await openLog(disk.afterKill());
    const partition = again.partition('t', 0);
    const cleaner = cleanerOf(again);
    const readings: ReturnType<typeof consume>[] = [];
    const watched = { isCleaning: true };
    const cleaning = cleaner.run().finally(() => (watched.isCleaning = false));
    while (watched.isCleaning) {
      readings.push(consume(partition, { isReadCommitted: true, maxBytes: 10_000 }));
      await turns();
    }
    await cleaning;
    for (const reading of readings) {
      const seen = await reading;
      assert.deepEqual(tableOf(seen), EXPECTED);
      const isAborted = ({ value }: { value: string | null }): boolean => Number(value) % 4 === 3;
      assert.deepEqual(seen.filter(isAborted), []);
    }
    assert.equal(partition.cleaning.aborted.length, 1, 'the one that ends in the active segment');
  });
});
