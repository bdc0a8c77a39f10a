import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { SEQ_MAX } from '../bucket.ts';
import type { JournalRow } from '../journal.ts';
import {
  freshType,
  rowsOf,
  utf8,
  plain,
  appendRows,
  readAll,
  placeShard,
  readPosition,
  collect,
  type Open,
  type Subject,
} from './fixture-contract.ts';

export function rowTests(journal: Subject, open: Open): void {
  test('rows are read as they were written, by another journal of the same store too', async (t) => {
    const entityType = freshType();
    const rows = rowsOf('a', 0, 3);
    await appendRows(journal(), entityType, rows);
    assert.deepEqual(await readAll(journal(), entityType, 'a'), plain(rows));
    const other = await open();
    t.after(() => other.close());
    assert.deepEqual(await readAll(other, entityType, 'a'), plain(rows));
  });

  test('rows written again, in part or whole, change nothing', async () => {
    const entityType = freshType();
    const rows = rowsOf('a', 0, 10);
    await appendRows(journal(), entityType, rows);
    await appendRows(journal(), entityType, rows);
    await appendRows(journal(), entityType, rows.slice(3, 6));
    assert.deepEqual(await readAll(journal(), entityType, 'a'), plain(rows));
  });

  test('rows written again, cut otherwise, in any order, are read once each', async () => {
    const entityType = freshType();
    const rows = rowsOf('a', 0, 30);
    const cuts = [
      [5, 10],
      [0, 3],
      [9, 10],
      [7, 21],
      [2, 10],
      [20, 21],
      [0, 8],
      [18, 30],
      [28, 30],
    ] as const;
    for (const [from, to] of cuts) await appendRows(journal(), entityType, rows.slice(from, to));
    assert.deepEqual(await readAll(journal(), entityType, 'a'), plain(rows));
    const queries = rows.map(({ seq }) => ({ entityId: 'a', seqFrom: seq, countMax: 2 }));
    for (const query of queries) {
      const [read = []] = await journal().readEvents(entityType, [query]);
      assert.deepEqual(plain(read), plain(rows.slice(query.seqFrom, query.seqFrom + 2)));
    }
  });

  test('rows that come late and out of order are read in order', async () => {
    const entityType = freshType();
    const rows = rowsOf('a', 0, 9);
    await appendRows(journal(), entityType, rows.slice(6));
    await appendRows(journal(), entityType, rows.slice(3, 6).toReversed());
    await appendRows(journal(), entityType, rows.slice(0, 3));
    assert.deepEqual(await readAll(journal(), entityType, 'a'), plain(rows));
  });

  test('an empty batch, and one of positions only, are accepted', async () => {
    const entityType = freshType();
    await journal().append({ entityType, rows: [], positions: [] });
    await placeShard(journal(), entityType, 0);
    await journal().append({
      entityType,
      rows: [],
      positions: [{ shard: 0, offset: 7, eventNumber: 5 }],
    });
    assert.deepEqual(await readPosition(journal(), entityType, 0), { offset: 7, eventNumber: 5 });
  });

  test('an entity type does not see the rows of another one', async () => {
    const [one, two] = [freshType(), freshType()];
    await appendRows(journal(), one, rowsOf('a', 0, 2));
    assert.deepEqual(await readAll(journal(), two, 'a'), []);
    assert.deepEqual(await collect(journal().scan(two)), []);
  });

  test('large numbers come back exactly', async () => {
    const entityType = freshType();
    const row: JournalRow = {
      entityId: 'a',
      seq: SEQ_MAX,
      event: utf8('{"n":1}'),
      timestampMs: 0,
      source: { topicId: randomUUID(), partition: 2 ** 31 - 1, offset: Number.MAX_SAFE_INTEGER },
    };
    await appendRows(journal(), entityType, [row]);
    const query = { entityId: 'a', seqFrom: row.seq, countMax: 5 };
    const [read] = await journal().readEvents(entityType, [query]);
    assert.deepEqual(plain(read ?? []), plain([row]));
  });

  test('scan gives every row once, each entity in order', async () => {
    const entityType = freshType();
    const written = new Map<string, readonly JournalRow[]>();
    for (const [index, entityId] of ['a', 'b', 'ab', ''].entries()) {
      written.set(entityId, rowsOf(entityId, 0, index * 400 + 1));
    }
    for (const rows of written.values()) await appendRows(journal(), entityType, rows);
    const scanned = await collect(journal().scan(entityType));
    for (const [entityId, rows] of written) {
      assert.deepEqual(plain(scanned.filter((row) => row.entityId === entityId)), plain(rows));
    }
    assert.equal(scanned.length, [...written.values()].flat().length);
  });
}
