import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryJournal } from '@chat-cluster/journal';
import { ManualTimers } from '@chat-cluster/kernel';
import { ByteBudget } from '../backlog/byte-budget.ts';
import { ShardTail } from '../backlog/shard-tail.ts';
import { CounterDefinition } from '../engine-harness.ts';
import { encodeEngineEvent } from '../entity/engine-event.ts';
import { readHistory } from './read-history.ts';
import { HistoryGapError } from './recover-entities.ts';

const { definition } = new CounterDefinition();

/** Rows of the entity x with these seqs in the journal, and with those in the tail; the engine's own are at 4 and 8. */
async function storeOf(inJournal: readonly number[], inTail: readonly number[]) {
  const rowOf = (seq: number) => ({
    entityId: 'x',
    seq,
    event:
      seq % 4 === 0 && seq > 0
        ? encodeEngineEvent({ $: 'unparked', how: 'skipped' })
        : definition.encodeEvent({ added: seq, total: 0 }),
    timestampMs: 0,
    source: { topicId: 't', partition: 0, offset: seq },
  });
  const journal = new MemoryJournal({ timers: new ManualTimers() });
  await journal.append({ entityType: 'counter', rows: inJournal.map(rowOf), positions: [] });
  const budget = new ByteBudget({ name: 'backlog', bytesMax: 1_000_000 });
  const tail = new ShardTail({ position: { offset: 0, eventNumber: 0 }, budget });
  inTail.forEach((seq, index) => {
    tail.append({ ...rowOf(seq), eventNumber: index + 1, offset: -1 });
  });
  return { definition, journal, tail };
}

async function seqs(
  store: Awaited<ReturnType<typeof storeOf>>,
  seqBefore: number,
  countMax: number,
) {
  const events = await readHistory(store, { entityId: 'x', seqBefore, countMax });
  for (const { seq, event } of events) assert.equal(event.added, seq);
  return events.map(({ seq }) => seq);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);

test('the newest events before a seq come from rows and tail, less the engine’s own', async () => {
  const store = await storeOf(upTo(7), [5, 6, 7, 8, 9]);
  assert.deepEqual(await seqs(store, 10, 4), [6, 7, 9]);
  assert.deepEqual(await seqs(store, 10, 100), [0, 1, 2, 3, 5, 6, 7, 9]);
  assert.deepEqual(await seqs(store, 4, 2), [2, 3]);
  assert.deepEqual(await seqs(store, 7, 3), [5, 6]);
  assert.deepEqual(await seqs(store, 0, 5), []);
});

test('what is in the tail alone needs no read', async () => {
  const store = await storeOf([], [0, 1, 2]);
  store.journal.faults.isDown = true;
  assert.deepEqual(await seqs(store, 3, 2), [1, 2]);
});

test('a gap is refused', async () => {
  await assert.rejects(seqs(await storeOf([0, 1], [3]), 4, 4), /event 2 is neither/);
  await assert.rejects(seqs(await storeOf([1, 2], []), 3, 3), HistoryGapError);
  await assert.rejects(seqs(await storeOf([0, 1], []), 3, 3), /event 2 is neither/);
});
