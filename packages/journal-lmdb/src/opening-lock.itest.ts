import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { deferred } from '@chat-cluster/kernel';
import { checkCrashShard } from './check-crash-shard.ts';
import { openLmdbJournal } from './open-lmdb-journal.ts';
import { OpeningLock } from './opening-lock.ts';

const OPENINGS = 150;

let parent: string;
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'journal-lmdb-'));
});
after(() => rm(parent, { recursive: true }));

test('who opens waits for the write under way, and comes before the next one', async (t) => {
  const dir = join(parent, 'waiting');
  await (await openLmdbJournal({ dir })).close();
  const lock = new OpeningLock(dir);
  const write = deferred<void>();
  const writing = lock.whileShared(() => write.promise);
  const writer = startWriter(t, dir, 0);
  const opened = once(writer, 'message').then(() => 'opened' as const);
  assert.equal(await Promise.race([opened, setTimeout(2_000, 'waits')]), 'waits');
  write.resolve();
  await writing;
  await opened;
  await kill(writer);
  lock.close();
});

test('a process that opens and closes again and again takes nothing from those who write', async (t) => {
  const dir = join(parent, 'often');
  const acknowledged = [0, 0];
  const writers = [0, 1].map((shard) => {
    const writer = startWriter(t, dir, shard);
    writer.on('message', (eventNumber) => (acknowledged[shard] = Number(eventNumber)));
    return writer;
  });
  await Promise.all(writers.map((writer) => once(writer, 'message')));
  for (let count = 0; count < OPENINGS; count += 1) {
    await (await openLmdbJournal({ dir })).close();
  }
  await Promise.all(writers.map(kill));
  for (const [shard, eventNumber] of acknowledged.entries()) {
    await checkCrashShard(dir, { shard, eventNumberMin: eventNumber });
  }
});

/** A process that writes until it is killed, at the test's end at the latest. */
function startWriter(t: TestContext, dir: string, shard: number): ChildProcess {
  const writer = fork(new URL('crash-writer.ts', import.meta.url));
  t.after(() => writer.kill('SIGKILL'));
  writer.send({ dir, shard });
  return writer;
}

async function kill(process: ChildProcess): Promise<void> {
  process.kill('SIGKILL');
  await once(process, 'exit');
}
