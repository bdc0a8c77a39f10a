import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  freshType,
  rowOf,
  rowsOf,
  snapshotOf,
  appendRows,
  placeShard,
  readPosition,
  collect,
  type Open,
  type Subject,
} from './fixture-contract.ts';

export function concurrencyTests(journal: Subject, open: Open): void {
  test('whoever sees a position sees all rows below it', async (t) => {
    const entityType = freshType();
    await placeShard(journal(), entityType, 0);
    const reader = await open();
    t.after(() => reader.close());
    const entityIds = Array.from({ length: 100 }, (_, index) => `entity-${index}`);
    for (let round = 1; round <= 10; round += 1) {
      const rows = entityIds.flatMap((entityId) => rowsOf(entityId, (round - 1) * 5, 5));
      const positions = [{ shard: 0, offset: round, eventNumber: round }];
      const written = journal().append({ entityType, rows, positions });
      while ((await readPosition(reader, entityType, 0))?.eventNumber !== round) {
        await setImmediate(); // a store in this process needs its turn
      }
      const queries = entityIds.map((entityId) => ({ entityId, seqFrom: 0, countMax: 1_000 }));
      const read = await reader.readEvents(entityType, queries);
      assert.ok(read.every((list) => list.length === round * 5));
      await written;
    }
  });

  test('journals of one store write side by side, and the latest of each fact stays', async (t) => {
    const entityType = freshType();
    const others = [await open(), await open()];
    t.after(() => Promise.all(others.map((other) => other.close())));
    const journals = [journal(), ...others];
    await placeShard(journal(), entityType, 0);
    const batches = Array.from({ length: 30 }, (_, batch) => batch);
    await Promise.all(
      batches.map(async (batch) => {
        const writer = journals[batch % journals.length] ?? journal();
        await writer.append({
          entityType,
          rows: rowsOf(`entity-${batch % 7}`, Math.floor(batch / 7) * 10, 10),
          positions: [{ shard: 0, offset: batch, eventNumber: batch }],
        });
        await writer.writeSnapshots(entityType, [snapshotOf('a', batch)]);
      }),
    );
    assert.equal((await collect(journal().scan(entityType))).length, 300);
    const position = await readPosition(journal(), entityType, 0);
    assert.deepEqual(position, { offset: 29, eventNumber: 29 });
    assert.equal((await journal().readSnapshots(entityType, ['a']))[0]?.seq, 29);
  });

  test('thousands of entities are written and read in one call', async () => {
    const entityType = freshType();
    const entityIds = Array.from({ length: 3_000 }, (_, index) => `entity-${index}`);
    const known = entityIds.filter((_, index) => index % 3 === 0);
    await appendRows(
      journal(),
      entityType,
      known.map((entityId) => rowOf(entityId, 0)),
    );
    await journal().writeSnapshots(
      entityType,
      known.map((entityId) => snapshotOf(entityId, 0)),
    );
    const queries = entityIds.map((entityId) => ({ entityId, seqFrom: 0, countMax: 10 }));
    const read = await journal().readEvents(entityType, queries);
    const snapshots = await journal().readSnapshots(entityType, entityIds);
    for (const [index, entityId] of entityIds.entries()) {
      const expected = index % 3 === 0 ? [entityId] : [];
      assert.deepEqual(
        read[index]?.map((row) => row.entityId),
        expected,
      );
      assert.equal(snapshots[index]?.entityId, expected[0]);
    }
  });
}

export function closeTests(open: Open): void {
  test('a closed journal refuses every call, and can be closed again', async () => {
    const journal = await open();
    const entityType = freshType();
    await journal.close();
    await journal.close();
    const query = { entityId: 'a', seqFrom: 0, countMax: 1 };
    const calls: readonly (() => Promise<unknown>)[] = [
      () => appendRows(journal, entityType, rowsOf('a', 0, 1)),
      () => journal.readEvents(entityType, [query]),
      () => journal.readEventsBefore(entityType, { entityId: 'a', seqBefore: 1, countMax: 1 }),
      () => journal.writeSnapshots(entityType, [snapshotOf('a', 0)]),
      () => journal.readSnapshots(entityType, ['a']),
      () => journal.pinPartitionCount(entityType, 1),
      () => journal.readShards(entityType, [0]),
      () => placeShard(journal, entityType, 0),
      () => collect(journal.scan(entityType)),
    ];
    for (const call of calls) {
      await assert.rejects(call, { name: 'JournalError', code: 'closed', retriable: false });
    }
  });
}
