import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal, SNAPSHOT_BYTES_MAX, type Snapshot } from '@chat-cluster/journal';
import { ManualTimers } from '@chat-cluster/kernel';
import { SnapshotWriter } from './snapshot-writer.ts';

function snapshotOf(entityId: string, seq: number, bytes = 10): Snapshot {
  return { entityId, seq, state: Buffer.alloc(bytes) };
}

function play(snapshotBytesMax = 1_000_000) {
  const timers = new ManualTimers();
  const journal = new MemoryJournal({ timers });
  const reports: string[] = [];
  const writer = new SnapshotWriter({
    entityType: 't',
    journal,
    limits: { snapshotBytesMax },
    timers,
    report: (level, sentence) => reports.push(`${level}: ${sentence}`),
  });
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      await new Promise((resolve) => setImmediate(resolve));
      timers.advance(100);
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  const seqOf = (entityId: string): number | undefined =>
    journal.store.readSnapshot('t', entityId)?.seq;
  return { journal, pass, reports, seqOf, writer };
}

test('snapshots are written, more than one write carries too', async () => {
  const { pass, seqOf, writer } = play();
  for (let index = 0; index < 120; index++) writer.add(snapshotOf(`id-${index}`, index));
  await pass(100);
  assert.deepEqual([seqOf('id-0'), seqOf('id-119')], [0, 119]);
  assert.equal(writer.bytes, 0);
});

test('while the journal is away the newest snapshot of each entity waits, and one line tells', async () => {
  const { journal, pass, reports, seqOf, writer } = play();
  journal.faults.isDown = true;
  writer.add(snapshotOf('x', 1));
  await pass(500);
  writer.add(snapshotOf('x', 2));
  writer.add(snapshotOf('y', 1));
  await pass(5_000);
  assert.equal(writer.bytes, 20);
  assert.deepEqual(reports, ['warn: Snapshots cannot be written; they wait.']);
  journal.faults.isDown = false;
  await pass(2_000);
  assert.deepEqual([seqOf('x'), seqOf('y'), writer.bytes], [2, 1, 0]);
});

test('snapshots that wait are bounded in bytes: the oldest are dropped', async () => {
  const { journal, pass, seqOf, writer } = play(100);
  journal.faults.isDown = true;
  for (let index = 0; index < 30; index++) writer.add(snapshotOf(`id-${index}`, 1));
  assert.ok(writer.bytes <= 100);
  await pass(2_000);
  assert.ok(writer.bytes <= 100);
  journal.faults.isDown = false;
  await pass(3_000);
  assert.deepEqual([seqOf('id-0'), seqOf('id-29')], [undefined, 1]);
});

test('a state that is too large for a snapshot is told, and takes no other with it', async () => {
  const { pass, reports, seqOf, writer } = play(4 * SNAPSHOT_BYTES_MAX);
  writer.add(snapshotOf('large', 1, SNAPSHOT_BYTES_MAX + 1));
  writer.add(snapshotOf('x', 1));
  await pass(100);
  assert.deepEqual([seqOf('large'), seqOf('x')], [undefined, 1]);
  assert.match(reports.join(), /too large for a snapshot/);
});

test('a journal that refuses a snapshot for good is not asked again for it', async () => {
  const { journal, pass, reports, writer } = play();
  await journal.close();
  writer.add(snapshotOf('x', 1));
  await pass(3_000);
  assert.deepEqual(reports, ['warn: Snapshots were refused; later ones may do.']);
  assert.equal(writer.bytes, 0);
});

test('a writer that was closed holds nothing, whatever was under way', async () => {
  const { journal, pass, seqOf, writer } = play();
  journal.faults.isDown = true;
  writer.add(snapshotOf('x', 1));
  await pass(100);
  writer.close();
  journal.faults.isDown = false;
  await pass(3_000);
  assert.deepEqual([seqOf('x'), writer.bytes], [undefined, 0]);
});
