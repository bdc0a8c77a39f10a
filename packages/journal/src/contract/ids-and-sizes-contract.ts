import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTITY_ID_BYTES_MAX, EVENT_BYTES_MAX, SNAPSHOT_BYTES_MAX } from '../journal-limits.ts';
import {
  freshType,
  rowOf,
  rowsOf,
  snapshotOf,
  utf8,
  plain,
  appendRows,
  readAll,
  collect,
  type Subject,
} from './fixture-contract.ts';

export function idTests(journal: Subject): void {
  test('ids with odd characters, and prefixes of each other, are kept apart', async () => {
    const entityType = freshType();
    const entityIds = [
      '',
      'a',
      'a\u0000',
      'a\u0000\u0000b',
      'ab',
      '\u0000',
      '\u0001',
      "it's; DROP TABLE journal; --",
      'zażółć gęślą jaźń',
      'e\u0301',
      '\u00e9',
      '\u{1f680}',
      '\u{10ffff}',
      'x'.repeat(ENTITY_ID_BYTES_MAX - 1),
      'x'.repeat(ENTITY_ID_BYTES_MAX),
      '\u00e9'.repeat(ENTITY_ID_BYTES_MAX / 2),
    ];
    const rows = entityIds.flatMap((entityId, index) => rowsOf(entityId, 0, index + 1));
    await appendRows(journal(), entityType, rows);
    await journal().writeSnapshots(entityType, entityIds.map(snapshotOf));
    const queries = entityIds.map((entityId) => ({ entityId, seqFrom: 0, countMax: 100 }));
    const read = await journal().readEvents(entityType, queries);
    assert.deepEqual(plain(read.flat()), plain(rows));
    const snapshots = await journal().readSnapshots(entityType, entityIds);
    assert.deepEqual(
      snapshots.map((snapshot) => [snapshot?.entityId, snapshot?.seq]),
      [...entityIds.entries()].map(([index, entityId]) => [entityId, index]),
    );
    const scanned = await collect(journal().scan(entityType));
    assert.deepEqual(new Set(scanned.map((row) => row.entityId)), new Set(entityIds));
  });
}

export function sizeTests(journal: Subject): void {
  test('events of 1 byte to the largest are kept, several large ones in a batch', async () => {
    const entityType = freshType();
    const sizes = [1, 100, 70_000, EVENT_BYTES_MAX, EVENT_BYTES_MAX, 1];
    const rows = sizes.map((sizeBytes, seq) => ({
      ...rowOf('a', seq),
      event: utf8('x'.repeat(sizeBytes)),
    }));
    await appendRows(journal(), entityType, rows);
    assert.deepEqual(await readAll(journal(), entityType, 'a'), plain(rows));
  });

  test('an event that is too large is refused, with its batch', async () => {
    const entityType = freshType();
    const large = { ...rowOf('a', 1), event: new Uint8Array(EVENT_BYTES_MAX + 1).fill(0x20) };
    const rejected = appendRows(journal(), entityType, [rowOf('a', 0), large]);
    await assert.rejects(rejected, { name: 'JournalError', code: 'too-large', retriable: false });
    assert.deepEqual(await readAll(journal(), entityType, 'a'), []);
  });

  test('the largest snapshot is kept, a larger one refused', async () => {
    const entityType = freshType();
    const state = new Uint8Array(SNAPSHOT_BYTES_MAX).fill(7);
    await journal().writeSnapshots(entityType, [{ entityId: 'a', seq: 0, state }]);
    const larger = { entityId: 'a', seq: 1, state: new Uint8Array(SNAPSHOT_BYTES_MAX + 1) };
    await assert.rejects(journal().writeSnapshots(entityType, [larger]), { code: 'too-large' });
    const [read] = await journal().readSnapshots(entityType, ['a']);
    assert.ok(read && read.seq === 0 && Buffer.from(read.state).equals(state));
  });
}
