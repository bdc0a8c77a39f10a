import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EVENT_BYTES_MAX, type JournalRow } from '@chat-cluster/journal';
import { sleep } from '@chat-cluster/kernel';
import { append, runBatches } from './append.ts';
import { FakeClient } from './fake-client.ts';
import type { Run } from './runs.ts';

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

/** What Cassandra counts of a run: a little more than its values. */
function countedBytes(batch: readonly Run[]): number {
  const events = batch.flat().reduce((sum, { event }) => sum + event.byteLength + 24, 0);
  return events + batch.length * 170;
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
      const batches = runBatches(input, BATCH_BYTES_MAX);
      for (const batch of batches) {
        assert.ok(batch.length >= 1 && batch.length <= 64);
        assert.ok(new Set(batch.map(([{ entityId }]) => entityId)).size <= 16);
        assert.ok(batch.flat().length === 1 || countedBytes(batch) <= BATCH_BYTES_MAX);
      }
      const output = batches.flat(2);
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

test('events of an entity that came mixed with others are one run', () => {
  const rows = Array.from({ length: 100 }, (_, index) =>
    rowOf(`entity-${index % 10}`, Math.floor(index / 10)),
  );
  const [batch, ...others] = runBatches(rows, BATCH_BYTES_MAX);
  assert.deepEqual(others, []);
  assert.deepEqual(
    batch?.map(({ length }) => length),
    Array(10).fill(10),
  );
});

test('no rows are no batches', () => {
  assert.deepEqual(runBatches([], BATCH_BYTES_MAX), []);
});

test('a batch of Cassandra has 16 partitions at most, also where it goes on with the entity of the one before', () => {
  const others = Array.from({ length: 20 }, (_, index) => rowOf(`other-${index}`, 0));
  // Seqs with gaps: each is a run of its own.
  const rows = [...Array.from({ length: 70 }, (_, index) => rowOf('a', index * 2)), ...others];
  for (const batch of runBatches(rows, BATCH_BYTES_MAX)) {
    assert.ok(new Set(batch.map(([{ entityId }]) => entityId)).size <= 16);
  }
});

test('positions are written when all runs are, each with its number of events as the timestamp', async () => {
  let rowsRunning = 0;
  let rowCount = 0;
  const fake = new FakeClient(async ({ statements }) => {
    if (statements[0]?.query.includes('INTO journal') !== true) {
      assert.deepEqual([rowsRunning, rowCount], [0, 1_000]);
      return { rows: [] };
    }
    rowsRunning += 1;
    await sleep(fake.timers, 100);
    rowsRunning -= 1;
    for (const { params } of statements) rowCount += Number((params[8] as Buffer).readBigInt64BE());
    return { rows: [] };
  });
  await fake.settle(
    appendTo(
      fake,
      Array.from({ length: 1_000 }, (_, seq) => rowOf('a', seq)),
    ),
  );
  assert.match(fake.sent.at(-1)?.statements[0]?.query ?? '', /INTO shard/);
});

test('positions wait until what lies below them will stay', async () => {
  const times: number[] = [];
  const fake = new FakeClient(() => {
    times.push(fake.timers.clock.monotonicMs());
    return { rows: [] };
  });
  await fake.settle(appendTo(fake, [rowOf('a', 0)], { settleMs: 400 }));
  const [rowsMs = 0, positionsMs = 0] = times;
  assert.ok(positionsMs - rowsMs >= 400);
});

test('of a batch with an event that is too large nothing is sent', async () => {
  const fake = new FakeClient();
  const appending = appendTo(fake, [rowOf('a', 0), rowOf('a', 1, EVENT_BYTES_MAX + 1)]);
  await assert.rejects(fake.settle(appending), { code: 'too-large' });
  assert.equal(fake.sent.length, 0);
});

function appendTo(
  fake: FakeClient,
  rows: readonly JournalRow[],
  { settleMs = 0 } = {},
): Promise<void> {
  const { session } = fake;
  const settled = fake.settled(settleMs);
  const batch = { entityType: 'type', rows, positions: [{ shard: 0, offset: 7, eventNumber: 7 }] };
  return append({ session, settled }, batch, { batchBytesMax: BATCH_BYTES_MAX });
}
