import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { EVENTS_PER_BUCKET } from '../bucket.ts';
import {
  freshType,
  rowsOf,
  snapshotOf,
  plain,
  appendRows,
  type Subject,
} from './fixture-contract.ts';

export function readTests(journal: Subject): void {
  const countTotal = 2 * EVENTS_PER_BUCKET + 500;
  const entityType = freshType();
  const rows = rowsOf('long', 0, countTotal);

  before(async () => {
    for (let from = 0; from < countTotal; from += 500) {
      await appendRows(journal(), entityType, rows.slice(from, from + 500));
    }
  });

  const border = EVENTS_PER_BUCKET;
  const ranges = [
    { seqFrom: 0, countMax: 1 },
    { seqFrom: 0, countMax: border },
    { seqFrom: 0, countMax: border + 1 },
    { seqFrom: border - 1, countMax: 1 },
    { seqFrom: border - 1, countMax: 2 },
    { seqFrom: border, countMax: border },
    { seqFrom: border - 2, countMax: border + 4 },
    { seqFrom: 1, countMax: 10 * border },
    { seqFrom: countTotal - 1, countMax: 10 },
    { seqFrom: countTotal, countMax: 10 },
    { seqFrom: countTotal + 5 * border, countMax: 10 },
  ];
  for (const { seqFrom, countMax } of ranges) {
    test(`up to ${countMax} events from ${seqFrom} on are read, over the borders of buckets`, async () => {
      const [read] = await journal().readEvents(entityType, [
        { entityId: 'long', seqFrom, countMax },
      ]);
      assert.deepEqual(plain(read ?? []), plain(rows.slice(seqFrom, seqFrom + countMax)));
    });
  }

  for (const seqBefore of [0, 1, border, border + 1, 2 * border, countTotal]) {
    for (const countMax of [1, border, border + 1, 10 * border]) {
      test(`the newest ${countMax} events before ${seqBefore} are read`, async () => {
        const query = { entityId: 'long', seqBefore, countMax };
        const read = await journal().readEventsBefore(entityType, query);
        const first = Math.max(0, seqBefore - countMax);
        assert.deepEqual(plain(read), plain(rows.slice(first, seqBefore)));
      });
    }
  }

  test('known and unknown entities are answered in the order asked, repeats included', async () => {
    const entityIds = ['long', 'unknown', 'long', 'lon', 'longer'];
    await journal().writeSnapshots(entityType, [snapshotOf('long', 9)]);
    const read = await journal().readEvents(
      entityType,
      entityIds.map((entityId) => ({ entityId, seqFrom: border - 1, countMax: 2 })),
    );
    const expected = plain(rows.slice(border - 1, border + 1));
    assert.deepEqual(read.map(plain), [expected, [], expected, [], []]);
    const snapshots = await journal().readSnapshots(entityType, entityIds);
    assert.deepEqual(
      snapshots.map((snapshot) => snapshot?.seq),
      [9, undefined, 9, undefined, undefined],
    );
  });

  test('queries of one call have each their own range', async () => {
    const read = await journal().readEvents(entityType, [
      { entityId: 'long', seqFrom: 5, countMax: 1 },
      { entityId: 'long', seqFrom: 0, countMax: 3 },
      { entityId: 'long', seqFrom: border + 7, countMax: 2 },
    ]);
    assert.deepEqual(
      read.map((list) => list.map((row) => row.seq)),
      [[5], [0, 1, 2], [border + 7, border + 8]],
    );
  });

  test('asking for nothing gives nothing', async () => {
    assert.deepEqual(await journal().readEvents(entityType, []), []);
    assert.deepEqual(await journal().readSnapshots(entityType, []), []);
    assert.deepEqual(await journal().readShards(entityType, []), []);
    await journal().writeSnapshots(entityType, []);
  });
}
