import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { DiskError } from '../disk/disk.ts';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { crc32c } from '../wire/crc32c.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { openLog, readAll, testBatch } from './log-harness.ts';

const WAL_FILE = '/data/wal/0000000001.wal';

/** A disk on which three batches have been acknowledged, by a process that was then killed. */
async function killedAfterThreeBatches(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const log = await openLog(disk);
  await log.createTopic('t', { partitions: 2 });
  const partition = log.partition('t', 0);
  for (const fill of [1, 2, 3]) await log.append(partition, testBatch({ fill, count: 2 }));
  return disk.afterKill();
}

describe('after a kill', () => {
  test('every acknowledged batch is there, at its offset', async () => {
    const log = await openLog(await killedAfterThreeBatches());
    assert.deepEqual(await readAll(log.partition('t', 0)), ['0:1', '2:2', '4:3']);
    assert.equal(log.partition('t', 0).highWatermark, 6);
    assert.equal(log.partition('t', 1).highWatermark, 0);
  });

  test('the log goes on where it ended, over and over', async () => {
    let disk = await killedAfterThreeBatches();
    for (let round = 0; round < 5; round++) {
      const log = await openLog(disk);
      const offset = await log.append(log.partition('t', 0), testBatch({ fill: 10 + round }));
      assert.equal(offset, 6 + round);
      disk = disk.afterKill();
    }
    const log = await openLog(disk);
    assert.deepEqual((await readAll(log.partition('t', 0))).slice(3), [
      ...['6:10', '7:11', '8:12', '9:13', '10:14'],
    ]);
  });

  test('a tail that was torn at any byte loses nothing that was acknowledged', async () => {
    const whole = await killedAfterThreeBatches();
    const lengths = new Set<number>();
    const last = (await whole.readFile(WAL_FILE))?.byteLength ?? 0;
    for (let length = last - 4096; length < last; length += 7) {
      const torn = whole.afterKill();
      torn.damage(WAL_FILE, (contents) => contents.subarray(0, length));
      const log = await openLog(torn);
      lengths.add(log.partition('t', 0).highWatermark);
      assert.deepEqual((await readAll(log.partition('t', 0))).slice(0, 2), ['0:1', '2:2']);
    }
    assert.deepEqual(
      [...lengths].sort((a, b) => a - b),
      [4, 6],
      'the last group is there whole or not at all',
    );
  });

  test('what a killed process wrote without a sync is durable before anybody reads it', async () => {
    const disk = await killedAfterThreeBatches();
    const log = await openLog(disk);
    disk.failing = (operation, path) =>
      operation === 'sync' && path.endsWith('.wal') ? new DiskError('failed', 'killed') : null;
    await log.append(log.partition('t', 0), testBatch({ fill: 4 })).catch(() => {});
    const afterKill = disk.afterKill();
    const again = await openLog(afterKill);
    const read = await readAll(again.partition('t', 0));
    assert.deepEqual(read, ['0:1', '2:2', '4:3', '6:4']);
    const afterPowerLoss = await openLog(afterKill.loseUnsynced(seededRandom(1)));
    assert.deepEqual(await readAll(afterPowerLoss.partition('t', 0)), read);
  });

  test('the last group is dropped whole when any byte of it is not what was written', async () => {
    const whole = await killedAfterThreeBatches();
    const last = (await whole.readFile(WAL_FILE))?.byteLength ?? 0;
    for (let at = last - 4096; at < last - 4096 + 175; at++) {
      const torn = whole.afterKill();
      torn.damage(WAL_FILE, (contents) => {
        contents[at]! ^= 0x40;
        return contents;
      });
      const log = await openLog(torn);
      assert.deepEqual(await readAll(log.partition('t', 0)), ['0:1', '2:2'], `byte ${at}`);
    }
  });
});

describe('a flipped bit below what is known to be durable', () => {
  // Blocks: file header, topic, batch 1, batch 2, batch 3. The body of a group of one entry starts at byte 72.
  const batchAt = 2 * 4096 + 72;

  test('in a batch stops its partition, keeps its bytes, and leaves the other partitions alone', async () => {
    for (const at of [0, 11, 14, 16, 40, 70, 110]) {
      const disk = await killedAfterThreeBatches();
      disk.damage(WAL_FILE, (contents) => {
        contents[batchAt + at]! ^= 1;
        return contents;
      });
      const log = await openLog(disk);
      assert.match(log.partition('t', 0).failure ?? '', /damaged at offset 0/, `byte ${at}`);
      const refused = log.partition('t', 0).append(testBatch());
      assert.equal(refused.errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
      const request = { offset: 0, maxBytes: 1, isExact: false, isReadCommitted: false };
      const read = await log.partition('t', 0).read(request);
      assert.equal(read.errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
      assert.equal(await log.append(log.partition('t', 1), testBatch()), 0);
      assert.equal(log.errors.length, 1);
    }
  });

  test('stays known over further restarts', async () => {
    const disk = await killedAfterThreeBatches();
    disk.damage(WAL_FILE, (contents) => {
      contents[batchAt + 70]! ^= 1;
      return contents;
    });
    const log = await openLog(disk);
    await log.close();
    const again = await openLog(disk.afterKill());
    assert.match(again.partition('t', 0).failure ?? '', /damaged at offset 0/);
    assert.equal(again.partition('t', 1).failure, null);
  });

  test('is seen in the last batch too, once the log has been idle for a second', async () => {
    const disk = await killedAfterThreeBatches();
    const log = await openLog(disk);
    await log.append(log.partition('t', 0), testBatch({ fill: 4 }));
    const file = '/data/wal/0000000002.wal';
    const sizeBytes = async () => (await disk.readFile(file))?.byteLength ?? 0;
    await untilAsync(async () => (await sizeBytes()) === 3 * 4096);
    const damaged = disk.afterKill();
    damaged.damage(file, (contents) => {
      contents[4096 + 72 + 70]! ^= 1;
      return contents;
    });
    const again = await openLog(damaged);
    assert.match(again.partition('t', 0).failure ?? '', /damaged at offset 6/);
  });

  test('in the head of a group keeps the broker from starting, and nothing is changed', async () => {
    const disk = await killedAfterThreeBatches();
    disk.damage(WAL_FILE, (contents) => {
      contents[2 * 4096 + 30]! ^= 1;
      return contents;
    });
    const before = await disk.readFile(WAL_FILE);
    await assert.rejects(openLog(disk), /0000000001.wal is damaged at byte 8192: group 2/);
    assert.deepEqual(await disk.readFile(WAL_FILE), before);
  });

  test('in the state of the broker keeps it from starting', async () => {
    const disk = await killedAfterThreeBatches();
    disk.damage(WAL_FILE, (contents) => {
      contents[4096 + 80]! ^= 1;
      return contents;
    });
    await assert.rejects(openLog(disk), /damaged at record 0 of the state/);
  });
});

describe('after a clean close', () => {
  test('everything is in segments, and a checkpoint that is damaged keeps the broker from starting', async () => {
    const disk = new SimulatedDisk();
    const log = await openLog(disk);
    await log.createTopic('t');
    await log.append(log.partition('t', 0), testBatch({ fill: 1 }));
    await log.close();
    const segment = disk.paths().find((path) => path.endsWith('/0/00000000000000000000.log'));
    assert.ok(segment);
    const again = await openLog(disk.afterKill());
    assert.deepEqual(await readAll(again.partition('t', 0)), ['0:1']);
    disk.damage('/data/checkpoint', (contents) => {
      contents[20]! ^= 1;
      return contents;
    });
    await assert.rejects(openLog(disk), /checkpoint is damaged/);
  });

  test('a segment that lost bytes stops its partition when it is opened', async () => {
    const disk = new SimulatedDisk();
    const log = await openLog(disk);
    await log.createTopic('t');
    await log.append(log.partition('t', 0), testBatch({ fill: 1 }));
    await log.close();
    const segment = disk.paths().find((path) => path.endsWith('.log')) ?? '';
    disk.damage(segment, (contents) => contents.subarray(0, contents.byteLength - 1));
    const again = await openLog(disk);
    assert.match(again.partition('t', 0).failure ?? '', /110 bytes, and 111 were durable/);
  });

  test('a flipped bit in a segment stops its partition when it is scanned', async () => {
    for (const at of [3, 9, 70]) {
      const disk = new SimulatedDisk();
      const log = await openLog(disk);
      await log.createTopic('t');
      for (const fill of [1, 2]) await log.append(log.partition('t', 0), testBatch({ fill }));
      await log.close();
      const segment = disk.paths().find((path) => path.endsWith('.log')) ?? '';
      disk.damage(segment, (contents) => {
        contents[111 + at]! ^= 1;
        return contents;
      });
      const again = await openLog(disk);
      await assert.rejects(readAll(again.partition('t', 0)), /read: 56/, `byte ${at}`);
      assert.match(again.partition('t', 0).failure ?? '', /is damaged: at byte 111/, `byte ${at}`);
    }
  });
});

test('what is appended during a checkpoint after a restart, and is lost, is not taken for a repetition when it comes again', async () => {
  const disk = new SimulatedDisk();
  const batch = (baseSequence: number): Buffer =>
    testBatch({ producerId: 7, producerEpoch: 0, baseSequence, fill: baseSequence + 1 });
  const first = await openLog(disk);
  await first.createTopic('t');
  await first.append(first.partition('t', 0), batch(0));
  await first.close();
  const log = await openLog(disk);
  let isReplaced = false;
  disk.failing = (operation, path) => {
    isReplaced ||= operation === 'rename' && path.startsWith('/data/checkpoint');
    const isWrittenTo = operation === 'write' && path.endsWith('.wal');
    return isWrittenTo ? new DiskError('failed', 'no power') : null;
  };
  log.storage.requestCheckpoint();
  await assert.rejects(log.append(log.partition('t', 0), batch(1)), { code: 'STORAGE_FAILURE' });
  await until(() => isReplaced);
  await log.close().catch(() => {});
  disk.failing = null;
  const again = await openLog(disk.afterKill());
  assert.equal(await again.append(again.partition('t', 0), batch(1)), 1);
  assert.deepEqual(await readAll(again.partition('t', 0)), ['0:1', '1:2']);
});

test('a log of format version 1 is read, and goes on in the present one', async () => {
  const disk = await killedAfterThreeBatches();
  disk.damage(WAL_FILE, asVersion1);
  const log = await openLog(disk);
  assert.deepEqual(await readAll(log.partition('t', 0)), ['0:1', '2:2', '4:3']);
  assert.equal(await log.append(log.partition('t', 0), testBatch({ fill: 4 })), 6);
  const again = await openLog(disk.afterKill());
  assert.deepEqual(await readAll(again.partition('t', 0)), ['0:1', '2:2', '4:3', '6:4']);
});

/** The same groups with the heads that they had: all before each were durable, and nothing said so. */
function asVersion1(contents: Buffer): Buffer {
  const old = Buffer.from(contents);
  for (let at = 4096; at < contents.byteLength; at += 4096) {
    const entriesCount = contents.readUInt32BE(at + 16);
    contents.copy(old, at + 24, at + 32, at + 4096);
    old.fill(0, at + 4088, at + 4096);
    old.write('CCWG', at, 'latin1');
    old.writeUInt32BE(crc32c(old, at + 8, at + 24 + entriesCount * 40), at + 4);
  }
  return old;
}

describe('small files of the write-ahead log', () => {
  test('are checkpointed and used again, and nothing is lost or repeated', async () => {
    let disk = new SimulatedDisk();
    const expected: string[] = [];
    for (let run = 0; run < 3; run++) {
      const log = await openLog(disk, { logFileBytesMax: 5 * 4096 });
      if (run === 0) await log.createTopic('t', { overrides: { 'segment.bytes': '1000' } });
      for (let index = 0; index < 40; index++) {
        const fill = (run * 40 + index) % 251;
        const offset = await log.append(log.partition('t', 0), testBatch({ fill, bytes: 300 }));
        expected.push(`${offset}:${fill}`);
      }
      assert.deepEqual(await readAll(log.partition('t', 0)), expected);
      assert.deepEqual(log.errors, []);
      disk = disk.afterKill();
    }
    const files = disk.paths().filter((path) => path.endsWith('.wal'));
    assert.ok(files.length <= 6, `files are used again: ${files.join(' ')}`);
    const log = await openLog(disk);
    assert.deepEqual(await readAll(log.partition('t', 0)), expected);
  });
});

describe('faults of the disk', () => {
  test('a full disk refuses what is new, serves what is old, and recovers when there is room', async () => {
    const disk = new SimulatedDisk();
    const log = await openLog(disk);
    await log.createTopic('t');
    const partition = log.partition('t', 0);
    await log.append(partition, testBatch({ fill: 1 }));
    disk.fullAtBytes = 12_000;
    const held = partition.append(testBatch({ fill: 2 }));
    assert.equal(held.errorCode, ErrorCode.NONE);
    const durable = log.storage.commitLog.durable();
    await until(() => log.storage.commitLog.state === 'full');
    assert.equal(partition.append(testBatch()).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
    assert.deepEqual(await readAll(partition), ['0:1']);
    disk.fullAtBytes = Infinity;
    await durable;
    assert.deepEqual(await readAll(partition), ['0:1', '1:2']);
    assert.equal(await log.append(partition, testBatch({ fill: 3 })), 2);
    assert.equal(log.errors.length, 1);
  });

  test('a failed sync fails the log: nothing more is acknowledged, reads go on, a restart has what was', async () => {
    const disk = new SimulatedDisk();
    const log = await openLog(disk);
    await log.createTopic('t');
    const partition = log.partition('t', 0);
    await log.append(partition, testBatch({ fill: 1 }));
    disk.failing = (operation, path) =>
      operation === 'sync' && path.endsWith('.wal') ? new DiskError('failed', 'EIO') : null;
    await assert.rejects(log.append(partition, testBatch({ fill: 2 })), {
      code: 'STORAGE_FAILURE',
    });
    disk.failing = null;
    assert.equal(partition.append(testBatch()).errorCode, ErrorCode.KAFKA_STORAGE_ERROR);
    assert.deepEqual(await readAll(partition), ['0:1']);
    await log.close().catch(() => {});
    const again = await openLog(disk.loseUnsynced(seededRandom(1)));
    assert.equal((await readAll(again.partition('t', 0)))[0], '0:1');
  });
});

async function untilAsync(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
