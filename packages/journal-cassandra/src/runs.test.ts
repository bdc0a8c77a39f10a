import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketOf, type JournalRow } from '@chat-cluster/journal';
import { RUN_EVENTS_MAX, toRuns } from './runs.ts';

function rowOf(seq: number, over: Partial<JournalRow> = {}): JournalRow {
  return {
    entityId: 'a',
    seq,
    event: new Uint8Array(100),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: seq },
    ...over,
  };
}

function runsOf(rows: readonly JournalRow[], bytesMax = 1_000_000): readonly (readonly number[])[] {
  const runs = toRuns(rows, { bytesMax, sizeBytesOf: ({ event }) => event.byteLength });
  return runs.map((run) => run.map(({ seq }) => seq));
}

test('events that follow one another are one run, also where those of others came between them', () => {
  const rows = [rowOf(5), rowOf(0, { entityId: 'b' }), rowOf(6), rowOf(7)];
  assert.deepEqual(runsOf(rows), [[5, 6, 7], [0]]);
});

test('a gap, a repeat, another bucket, another topic or partition begins a run', () => {
  const source = { topicId: 't', partition: 0, offset: 0 };
  assert.deepEqual(runsOf([rowOf(1), rowOf(3), rowOf(3), rowOf(2)]), [[1], [3], [3], [2]]);
  assert.deepEqual(runsOf([rowOf(998), rowOf(999), rowOf(1_000)]), [[998, 999], [1_000]]);
  assert.deepEqual(runsOf([rowOf(1), rowOf(2, { source: { ...source, partition: 1 } })]), [
    [1],
    [2],
  ]);
  assert.deepEqual(runsOf([rowOf(1), rowOf(2, { source: { ...source, topicId: 'u' } })]), [
    [1],
    [2],
  ]);
});

test('a run ends at its bounds', () => {
  const rows = Array.from({ length: RUN_EVENTS_MAX + 1 }, (_, seq) => rowOf(seq));
  assert.deepEqual(
    runsOf(rows).map(({ length }) => length),
    [RUN_EVENTS_MAX, 1],
  );
  assert.deepEqual(runsOf([rowOf(0), rowOf(1), rowOf(2), rowOf(3)], 250), [
    [0, 1],
    [2, 3],
  ]);
  const large = { event: new Uint8Array(300) };
  assert.deepEqual(runsOf([rowOf(0), rowOf(1, large), rowOf(2)], 250), [[0], [1], [2]]);
});

test('runs hold every row once, each entity in order', () => {
  const rows = fc.array(
    fc.record({ entityId: fc.constantFrom('a', 'b'), seq: fc.nat(1_100), sizeBytes: fc.nat(400) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(rows, (list) => {
      const input = list.map(({ entityId, seq, sizeBytes }) =>
        rowOf(seq, { entityId, event: new Uint8Array(sizeBytes) }),
      );
      const runs = toRuns(input, { bytesMax: 1_000, sizeBytesOf: ({ event }) => event.byteLength });
      for (const entityId of ['a', 'b']) {
        assert.deepEqual(
          runs.flat().filter((row) => row.entityId === entityId),
          input.filter((row) => row.entityId === entityId),
        );
      }
      for (const run of runs) assert.equal(new Set(run.map(({ seq }) => bucketOf(seq))).size, 1);
    }),
  );
});
