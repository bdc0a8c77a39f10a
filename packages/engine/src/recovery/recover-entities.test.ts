import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal, type JournalRow } from '@chat-cluster/journal';
import { ManualTimers } from '@chat-cluster/kernel';
import { ByteBudget } from '../backlog/byte-budget.ts';
import { ShardTail } from '../backlog/shard-tail.ts';
import { CounterDefinition } from '../engine-harness.ts';
import { HistoryGapError, recoverEntities } from './recover-entities.ts';

const { definition } = new CounterDefinition();

function rowOf(entityId: string, seq: number): JournalRow {
  return {
    entityId,
    seq,
    event: definition.encodeEvent({ added: 1, total: seq + 1 }),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: seq },
  };
}

const rowsOf = (entityId: string, from: number, until: number): JournalRow[] =>
  Array.from({ length: until - from }, (_, index) => rowOf(entityId, from + index));

/** A journal with these rows and snapshots, and a tail that goes on with these events of the entity x. */
async function storeOf(options: {
  rows?: readonly JournalRow[];
  snapshotSeqs?: readonly number[];
  tailSeqs?: readonly number[];
}) {
  const journal = new MemoryJournal({ timers: new ManualTimers() });
  await journal.append({ entityType: 'counter', rows: options.rows ?? [], positions: [] });
  for (const seq of options.snapshotSeqs ?? []) {
    const state = definition.encodeState({ total: seq + 1 });
    await journal.writeSnapshots('counter', [{ entityId: 'x', seq, state }]);
  }
  const budget = new ByteBudget({ name: 'backlog', bytesMax: 1_000_000 });
  const tail = new ShardTail({ position: { offset: 0, eventNumber: 0 }, budget });
  for (const [index, seq] of (options.tailSeqs ?? []).entries()) {
    tail.appendCommitted({ ...rowOf('x', seq), eventNumber: index + 1, offset: index });
  }
  return { definition, journal, tail, nowMs: 0 };
}

test('a brand-new entity has its initial state', async () => {
  const [entity] = await recoverEntities(await storeOf({}), ['x']);
  assert.deepEqual([entity?.state, entity?.seqNext], [{ total: 0 }, 0]);
});

test('an entity is its snapshot, the rows after it, and the tail after those', async () => {
  const rows = [...rowsOf('x', 0, 6), ...rowsOf('y', 0, 2)];
  const store = await storeOf({ rows, snapshotSeqs: [3], tailSeqs: [5, 6, 7] });
  const [x, y] = await recoverEntities(store, ['x', 'y']);
  assert.deepEqual([x?.state, x?.seqNext, x?.snapshotSeqNext], [{ total: 8 }, 8, 4]);
  assert.deepEqual([y?.state, y?.seqNext], [{ total: 2 }, 2]);
});

test('a snapshot may be ahead of the rows and of the tail', async () => {
  const store = await storeOf({ rows: rowsOf('x', 0, 2), snapshotSeqs: [4], tailSeqs: [2, 3, 4] });
  const [entity] = await recoverEntities(store, ['x']);
  assert.deepEqual([entity?.state, entity?.seqNext], [{ total: 5 }, 5]);
});

test('more rows than one query brings are asked for again', async () => {
  const [entity] = await recoverEntities(await storeOf({ rows: rowsOf('x', 0, 1_203) }), ['x']);
  assert.deepEqual([entity?.state, entity?.seqNext], [{ total: 1_203 }, 1_203]);
});

test('rows may have a gap where the tail goes on: a later write was faster', async () => {
  const rows = [...rowsOf('x', 0, 2), ...rowsOf('x', 4, 6)];
  const [entity] = await recoverEntities(await storeOf({ rows, tailSeqs: [2, 3, 4, 5, 6] }), ['x']);
  assert.deepEqual([entity?.state, entity?.seqNext], [{ total: 7 }, 7]);
});

test('an event that moves from the tail to the journal while it is read is seen', async () => {
  const store = await storeOf({ rows: rowsOf('x', 0, 2), tailSeqs: [2] });
  const { journal, tail } = store;
  const readEvents = journal.readEvents.bind(journal);
  journal.readEvents = async (entityType, queries) => {
    const found = await readEvents(entityType, queries);
    await journal.append({
      entityType,
      rows: tail.handOver({ countMax: 1, bytesMax: 1 }),
      positions: [],
    });
    tail.acknowledge(1);
    return found;
  };
  const [entity] = await recoverEntities(store, ['x']);
  assert.equal(entity?.seqNext, 3);
});

test('a gap that the tail does not fill is refused', async () => {
  const gaps = [
    { rows: [...rowsOf('x', 0, 2), ...rowsOf('x', 3, 5)] },
    { rows: rowsOf('x', 1, 3) },
    { rows: rowsOf('x', 0, 2), tailSeqs: [3] },
    { rows: [...rowsOf('x', 0, 2), ...rowsOf('x', 4, 6)], tailSeqs: [2, 3] },
    { rows: rowsOf('x', 0, 2), snapshotSeqs: [4], tailSeqs: [6] },
  ];
  for (const gap of gaps) {
    await assert.rejects(recoverEntities(await storeOf(gap), ['x']), HistoryGapError);
  }
});

test('an entity whose code throws while it is built has no state, and counts its events all the same', async () => {
  const rows = rowsOf('x', 0, 3);
  const broken = { ...rowOf('x', 3), event: Buffer.from('not JSON') };
  const store = await storeOf({ rows: [...rows, broken, rowOf('x', 4)] });
  const [entity] = await recoverEntities(store, ['x']);
  assert.deepEqual([entity?.state, entity?.seqNext], [undefined, 5]);
  assert.match(entity?.stateError ?? '', /JSON/);
});
