import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { open } from 'lmdb';
import { FORMAT_VERSION, openLmdbJournal } from './open-lmdb-journal.ts';

describe('opening the LMDB journal', () => {
  let parent: string;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'journal-lmdb-'));
  });
  after(() => rm(parent, { recursive: true }));

  test('a missing folder is made, whatever its name', async () => {
    const dir = join(parent, 'a', 'b.c', 'd');
    await (await openLmdbJournal({ dir })).close();
    await (await openLmdbJournal({ dir })).close();
  });

  test('a folder of a newer format is refused, with both versions', async () => {
    const dir = join(parent, 'newer');
    await (await openLmdbJournal({ dir })).close();
    const environment = open({ path: dir, encoding: 'binary', keyEncoding: 'binary' });
    await environment.put(Buffer.from('format version'), Buffer.from(String(FORMAT_VERSION + 1)));
    await environment.close();
    await assert.rejects(openLmdbJournal({ dir }), {
      name: 'JournalError',
      code: 'wrong-version',
      retriable: false,
      message: /has format version 2, this program has 1/,
    });
  });

  test('a path that is a file is refused as in use, with what to do', async () => {
    const dir = join(parent, 'file');
    await writeFile(dir, 'in the way');
    await assert.rejects(openLmdbJournal({ dir }), {
      code: 'in-use',
      message: /cannot be opened: .+ Make it readable and writable/,
    });
  });

  test('a folder whose lock file cannot be opened is refused as in use', async () => {
    const dir = join(parent, 'unreadable');
    await mkdir(join(dir, 'lock.mdb'), { recursive: true });
    await assert.rejects(openLmdbJournal({ dir }), { code: 'in-use' });
  });

  test('a file that is none of LMDB is refused as corrupt, and left as it is', async () => {
    const dir = join(parent, 'foreign');
    await mkdir(dir);
    await writeFile(join(dir, 'data.mdb'), Buffer.alloc(100_000, 'x'));
    await assert.rejects(openLmdbJournal({ dir }), {
      code: 'corrupt',
      message: /is not a file of LMDB. Restore the folder/,
    });
    assert.equal(await readFile(join(dir, 'data.mdb'), 'utf8'), 'x'.repeat(100_000));
  });

  test('an empty data file, left by a process that was killed, is filled', async () => {
    const dir = join(parent, 'empty');
    await mkdir(dir);
    await writeFile(join(dir, 'data.mdb'), '');
    await (await openLmdbJournal({ dir })).close();
  });

  test('a journal that outgrows its map goes on', async () => {
    const dir = join(parent, 'growing');
    const journal = await openLmdbJournal({ dir, mapSizeBytes: 256 * 1024 });
    const event = Buffer.alloc(500_000, 'x');
    const source = { topicId: 't', partition: 0, offset: 0 };
    for (let seq = 0; seq < 8; seq += 1) {
      const row = { entityId: 'a', seq, event, timestampMs: 0, source };
      await journal.append({ entityType: 't', rows: [row], positions: [] });
    }
    const query = { entityId: 'a', seqFrom: 0, countMax: 10 };
    const [rows] = await journal.readEvents('t', [query]);
    assert.equal(rows?.length, 8);
    await journal.close();
  });
});
