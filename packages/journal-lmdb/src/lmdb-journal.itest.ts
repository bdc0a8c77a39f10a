import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { journalContract } from '@chat-cluster/journal/contract';
import { openLmdbJournal } from './open-lmdb-journal.ts';

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-lmdb-'));
});
after(() => rm(dir, { recursive: true }));

journalContract('the LMDB journal', () => openLmdbJournal({ dir }));
