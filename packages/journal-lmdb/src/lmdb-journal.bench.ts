// Rows a second, and the CPU that they cost, with every batch on the disk before the next one.
// Run it with node; it prints a table.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AppendFigures, measureAppends } from '@chat-cluster/journal/bench';
import { openLmdbJournal } from './open-lmdb-journal.ts';

const rows = 200_000;
const dir = await mkdtemp(join(tmpdir(), 'journal-bench-'));
const journal = await openLmdbJournal({ dir });
const figures: AppendFigures[] = [];
for (const batchRows of [100, 500, 1_000]) {
  for (const conversations of [1_000, 20_000]) {
    figures.push(await measureAppends(journal, { rows, batchRows, conversations, inFlight: 1 }));
  }
}
const load = { rows, batchRows: 1_000, conversations: 1_000, inFlight: 4 };
figures.push(await measureAppends(journal, load));
await journal.close();
await rm(dir, { recursive: true });
console.table(figures);
