import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemTimers } from '@chat-cluster/kernel';
import { SimulatedDisk } from '../disk/simulated-disk.ts';
import { openDiskStorage } from './disk-storage.ts';

/** The state's log on a disk that counts the syncs of the write-ahead log. */
async function open(disk = new SimulatedDisk()) {
  const storage = await openDiskStorage({
    ...{ disk, folder: '/data', timers: systemTimers, wallMs: () => 0 },
    onError: (error) => assert.fail(error),
  });
  const records: string[] = [];
  await storage.stateLog.replay((bytes) => records.push(Buffer.from(bytes).toString()));
  storage.start();
  const syncs = { count: 0 };
  disk.failing = (operation, path) => {
    if (operation === 'sync' && path.endsWith('.wal')) syncs.count += 1;
    return null;
  };
  return { disk, storage, log: storage.stateLog, records, syncs };
}

const record = (text: string) => Buffer.from(text);

describe('a record of the state that nobody waits for', () => {
  test('is written with the next one, by one sync', async () => {
    const { disk, log, syncs } = await open();
    await log.append(record('first'));
    const before = syncs.count;
    log.appendLazily(record('lazy'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(syncs.count, before, 'nothing is written for it alone');
    assert.deepEqual((await open(disk.afterKill())).records, ['first']);
    await log.append(record('next'));
    assert.equal(syncs.count, before + 1);
    assert.deepEqual((await open(disk.afterKill())).records, ['first', 'lazy', 'next']);
  });

  test('is written for who asks whether everything is durable', async () => {
    const { disk, log } = await open();
    log.appendLazily(record('lazy'));
    await log.durable();
    assert.deepEqual((await open(disk.afterKill())).records, ['lazy']);
  });

  test('is written when the log is closed', async () => {
    const { disk, storage, log } = await open();
    log.appendLazily(record('lazy'));
    await storage.close();
    assert.deepEqual((await open(disk)).records, ['lazy']);
  });

  test('starts no sync of its own while another one runs', async () => {
    const { log, syncs } = await open();
    await log.append(record('first'));
    const before = syncs.count;
    const next = log.append(record('next'));
    await new Promise((resolve) => setImmediate(resolve));
    log.appendLazily(record('lazy'));
    await next;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(syncs.count, before + 1);
  });
});

describe('a snapshot of the state', () => {
  test('has behind it what was appended meanwhile, although a checkpoint began before it was written', async () => {
    const { disk, storage, log } = await open();
    disk.failing = (operation, path) => {
      if (operation === 'write' && path.endsWith('.wal')) storage.requestCheckpoint();
      return null;
    };
    const before = log.append(record('before'));
    const replaced = log.replaceWith([record('snapshot')]);
    const later = log.append(record('later'));
    await Promise.all([before, replaced, later]);
    disk.failing = null;
    assert.deepEqual((await open(disk.afterKill())).records, ['snapshot', 'later']);
    await storage.close();
    assert.deepEqual((await open(disk)).records, ['snapshot', 'later']);
  });
});
