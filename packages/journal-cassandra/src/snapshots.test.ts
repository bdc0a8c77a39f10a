import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SNAPSHOT_BYTES_MAX } from '@chat-cluster/journal';
import { FakeClient } from './fake-client.ts';
import { int64 } from './int64.ts';
import { writeSnapshots } from './snapshots.ts';

test('snapshots are written in batches that a slow Cassandra does in time', async () => {
  const fake = new FakeClient();
  const snapshots = Array.from({ length: 1_000 }, (_, index) => {
    return { entityId: `e${index}`, seq: index, state: new Uint8Array(10) };
  });
  const batchBytesMax = 40_960;
  await fake.settle(writeSnapshots(fake.session, 'type', { snapshots, batchBytesMax }));
  assert.equal(Math.max(...fake.sent.map(({ statements }) => statements.length)), 16);
  const ids = fake.sent.flatMap(({ statements }) => statements.map(({ params }) => params[1]));
  assert.deepEqual(new Set(ids), new Set(snapshots.map(({ entityId }) => entityId)));
  assert.equal(ids.length, snapshots.length);
});

test('the timestamp of a snapshot is its seq: an old one that comes late loses', async () => {
  const fake = new FakeClient();
  const snapshots = [{ entityId: 'e', seq: 41, state: new Uint8Array(1) }];
  await fake.settle(writeSnapshots(fake.session, 'type', { snapshots, batchBytesMax: 1_000 }));
  const [statement] = fake.sent[0]?.statements ?? [];
  assert.match(statement?.query ?? '', /USING TIMESTAMP \?$/);
  assert.deepEqual(statement?.params.at(-1), int64(41));
});

test('of snapshots of which one is too large none is sent', async () => {
  const fake = new FakeClient();
  const sizes = [1, SNAPSHOT_BYTES_MAX + 1];
  const snapshots = sizes.map((size) => ({ entityId: 'e', seq: 0, state: new Uint8Array(size) }));
  const writing = writeSnapshots(fake.session, 'type', { snapshots, batchBytesMax: 1_000 });
  await assert.rejects(fake.settle(writing), { code: 'too-large' });
  assert.equal(fake.sent.length, 0);
});
