import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from './fake-client.ts';
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
