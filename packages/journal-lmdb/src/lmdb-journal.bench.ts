// Rows a second, and the CPU that they cost, with every batch on the disk before the next one.
// Run it with node; it prints a table.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Journal, JournalRow } from '@chat-cluster/journal';
import { seededRandom } from '@chat-cluster/kernel';
import { openLmdbJournal } from './open-lmdb-journal.ts';

const ROWS = 200_000;
const event = Buffer.from(`{"conversationKey":"conversation-1","body":"${'x'.repeat(156)}"}`);

const results: Record<string, number>[] = [];
for (const batchRows of [100, 500, 1_000]) {
  for (const conversations of [1_000, 20_000]) {
    results.push(await measure({ batchRows, conversations, inFlight: 1 }));
  }
}
results.push(await measure({ batchRows: 1_000, conversations: 1_000, inFlight: 4 }));
console.table(results);

type Load = { batchRows: number; conversations: number; inFlight: number };

async function measure(load: Load): Promise<Record<string, number>> {
  const dir = await mkdtemp(join(tmpdir(), 'journal-bench-'));
  const journal = await openLmdbJournal({ dir });
  const batches = makeBatches(load);
  const startMs = performance.now();
  const processStart = process.cpuUsage();
  const threadStart = process.threadCpuUsage();
  let next = 0;
  const writers = Array.from({ length: load.inFlight }, async () => {
    for (let batch = next++; batch < batches.length; batch = next++) {
      await appendBatch(journal, { batch, rows: batches[batch] ?? [] });
    }
  });
  await Promise.all(writers);
  const seconds = (performance.now() - startMs) / 1_000;
  const thread = process.threadCpuUsage(threadStart);
  const all = process.cpuUsage(processStart);
  await journal.close();
  const { size } = await stat(join(dir, 'data.mdb'));
  await rm(dir, { recursive: true });
  return {
    ...load,
    'rows/s': Math.round(ROWS / seconds),
    'calling thread µs/row': rounded((thread.user + thread.system) / ROWS),
    'all threads µs/row': rounded((all.user + all.system) / ROWS),
    'file bytes/row': Math.round(size / ROWS),
  };
}

async function appendBatch(
  journal: Journal,
  { batch, rows }: { batch: number; rows: readonly JournalRow[] },
): Promise<void> {
  const positions = Array.from({ length: 12 }, (_, shard) => ({
    shard,
    offset: batch,
    eventNumber: batch,
  }));
  await journal.append({ entityType: 'conversation', rows, positions });
}

function makeBatches({ batchRows, conversations }: Load): JournalRow[][] {
  const random = seededRandom(1);
  const seqNext = Array.from({ length: conversations }, () => 0);
  return Array.from({ length: ROWS / batchRows }, () =>
    Array.from({ length: batchRows }, (_, offset) => {
      const conversation = random.below(conversations);
      const seq = seqNext[conversation] ?? 0;
      seqNext[conversation] = seq + 1;
      return {
        entityId: `conversation-${conversation}`,
        seq,
        event,
        timestampMs: 1_700_000_000_000,
        source: { topicId: 'ZGVhZGJlZWZkZWFkYmVlZg', partition: conversation % 12, offset },
      };
    }),
  );
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
