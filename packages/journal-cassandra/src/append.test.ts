import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JournalRow } from '@chat-cluster/journal';
import { rowBatches } from './append.ts';

const BATCH_BYTES_MAX = 40_960;

function rowOf(entityId: string, seq: number, sizeBytes = 100): JournalRow {
  return {
    entityId,
    seq,
    event: new Uint8Array(sizeBytes),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: 0 },
  };
}

/** What Cassandra counts of a row: a little more than its values. */
function countedBytes(batch: readonly JournalRow[]): number {
  return batch.reduce((sum, { event }) => sum + event.byteLength + 150, 0);
}

test('batches hold every row once, within the limits, each entity in order', () => {
  const rows = fc.array(
    fc.record({
      entityId: fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(100).map(String)),
      sizeBytes: fc.oneof(fc.nat(300), fc.nat(60_000)),
    }),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(rows, (sizes) => {
      const input = sizes.map(({ entityId, sizeBytes }, seq) => rowOf(entityId, seq, sizeBytes));
      const batches = rowBatches(input, BATCH_BYTES_MAX);
      for (const batch of batches) {
        assert.ok(batch.length >= 1 && batch.length <= 64);
        assert.ok(new Set(batch.map(({ entityId }) => entityId)).size <= 16);
        assert.ok(batch.length === 1 || countedBytes(batch) <= BATCH_BYTES_MAX);
      }
      const output = batches.flat();
      assert.deepEqual(new Set(output), new Set(input));
      assert.equal(output.length, input.length);
      for (const entityId of ['a', 'b', 'c', 'd']) {
        const own = output.filter((row) => row.entityId === entityId);
        assert.deepEqual(
          own,
          input.filter((row) => row.entityId === entityId),
        );
      }
    }),
  );
});

test('rows of an entity that came mixed with others share a batch', () => {
  const rows = Array.from({ length: 100 }, (_, index) => rowOf(`entity-${index % 10}`, index));
  const batches = rowBatches(rows, BATCH_BYTES_MAX);
  const entitiesOfFirst = new Set(batches[0]?.map(({ entityId }) => entityId));
  assert.equal(entitiesOfFirst.size, 7); // 64 rows, 10 an entity
});

test('no rows are no batches', () => {
  assert.deepEqual(rowBatches([], BATCH_BYTES_MAX), []);
});
