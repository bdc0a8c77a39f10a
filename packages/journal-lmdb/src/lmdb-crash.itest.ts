import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { checkCrashShard } from './check-crash-shard.ts';

const ROUNDS = 5;

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'journal-lmdb-'));
});
after(() => rm(dir, { recursive: true }));

test('processes that write side by side and are killed lose nothing that was acknowledged', async () => {
  const acknowledged = [0, 0];
  // Killed at different times, so that one is often killed while the other one waits for its lock.
  for (let round = 1; round <= ROUNDS; round += 1) {
    const writers = [0, 1].map((shard) => startWriter(shard, acknowledged));
    await Promise.all(writers.map((writer) => once(writer, 'message')));
    for (const writer of writers) {
      await setTimeout(20 * round);
      writer.kill('SIGKILL');
      await once(writer, 'exit');
    }
    for (const [shard, eventNumberMin] of acknowledged.entries()) {
      await checkCrashShard(dir, { shard, eventNumberMin });
    }
  }
});

function startWriter(shard: number, acknowledged: number[]): ChildProcess {
  const writer = fork(new URL('crash-writer.ts', import.meta.url));
  writer.on('message', (eventNumber) => {
    acknowledged[shard] = Number(eventNumber);
  });
  writer.send({ dir, shard });
  return writer;
}
