import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualTimers } from '@chat-cluster/kernel';
import { journalContract } from './journal-contract.ts';
import type { JournalAppend } from './journal.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';
import { MemoryJournal } from './memory-journal.ts';

const store = new MemoryJournalStore();
journalContract(
  'the memory journal',
  async () => new MemoryJournal({ timers: new ManualTimers(), store }),
);

const batch: JournalAppend = {
  entityType: 'conversation',
  rows: [
    {
      entityId: 'a',
      seq: 0,
      event: new Uint8Array([1, 2]),
      timestampMs: 5,
      source: { topicId: 'in', partition: 0, offset: 9 },
    },
  ],
  positions: [{ shard: 0, offset: 1, eventNumber: 1 }],
};

async function opened(timers = new ManualTimers()): Promise<MemoryJournal> {
  const journal = new MemoryJournal({ timers });
  await journal.placeShard('conversation', { shard: 0, eventTopicId: 'e', inputTopicIds: {} });
  return journal;
}

/** How many rows of entity a, and the event number of shard 0. */
async function written(journal: MemoryJournal): Promise<readonly number[]> {
  const query = { entityId: 'a', seqFrom: 0, countMax: 10 };
  const [rows] = await journal.readEvents('conversation', [query]);
  const [shard] = await journal.readShards('conversation', [0]);
  return [rows?.length ?? 0, shard?.position.eventNumber ?? 0];
}

describe('faults of the memory journal', () => {
  test('while it is down every call fails and nothing is written', async () => {
    const journal = await opened();
    journal.faults.isDown = true;
    await assert.rejects(journal.append(batch), { code: 'unavailable', retriable: true });
    await assert.rejects(journal.readSnapshots('conversation', ['a']), { code: 'unavailable' });
    journal.faults.heal();
    assert.deepEqual(await written(journal), [0, 0]);
  });

  test('a slow call has its effect when its time is over', async () => {
    const timers = new ManualTimers();
    const journal = await opened(timers);
    journal.faults.delayMs = 100;
    const append = journal.append(batch);
    timers.advance(99);
    journal.faults.delayMs = 0;
    assert.deepEqual(await written(journal), [0, 0]);
    timers.advance(1);
    await append;
    assert.deepEqual(await written(journal), [1, 1]);
  });

  test('a slow call fails when the store has gone away in the meantime', async () => {
    const timers = new ManualTimers();
    const journal = await opened(timers);
    journal.faults.delayMs = 100;
    const append = journal.append(batch);
    journal.faults.isDown = true;
    timers.advance(100);
    await assert.rejects(append, { code: 'unavailable' });
  });

  test('a failed write leaves nothing, its rows, or everything, as planned', async () => {
    for (const [part, expected] of [
      ['nothing', [0, 0]],
      ['rows', [1, 0]],
      ['everything', [1, 1]],
    ] as const) {
      const journal = await opened();
      journal.faults.failNextWrites({ written: part });
      await assert.rejects(journal.append(batch), { code: 'unavailable' });
      assert.deepEqual(await written(journal), expected);
      await journal.append(batch);
      assert.deepEqual(await written(journal), [1, 1]);
    }
  });

  test('a failed write may land later, when its sender is long gone', async () => {
    const timers = new ManualTimers();
    const journal = await opened(timers);
    journal.faults.failNextWrites({ written: 'everything', landsAfterMs: 5_000 });
    await assert.rejects(journal.append(batch), { code: 'unavailable' });
    await journal.close();
    const successor = new MemoryJournal({ timers, store: journal.store });
    assert.deepEqual(await written(successor), [0, 0]);
    timers.advance(5_000);
    assert.deepEqual(await written(successor), [1, 1]);
  });

  test('a fact that is written again with other bytes is a failed assertion', async () => {
    const journal = await opened();
    await journal.append(batch);
    const rows = batch.rows.map((row) => ({ ...row, event: new Uint8Array([1, 3]) }));
    await assert.rejects(journal.append({ ...batch, rows }), { name: 'AssertionFailure' });
  });

  test('what was written does not change with the bytes that were handed in', async () => {
    const journal = await opened();
    const event = new Uint8Array([1, 2]);
    await journal.append({ ...batch, rows: batch.rows.map((row) => ({ ...row, event })) });
    event[0] = 99;
    const query = { entityId: 'a', seqFrom: 0, countMax: 1 };
    const [rows] = await journal.readEvents('conversation', [query]);
    assert.deepEqual([...(rows?.[0]?.event ?? [])], [1, 2]);
  });
});
