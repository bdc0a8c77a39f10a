import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { Program } from '../path/program.ts';
import { assertClean } from './check.ts';
import { dumpJournal } from './dump-journal.ts';
import { fusePoints } from './fuse.ts';
import { rollThrough } from './rolling-scenario.ts';

const KAFKA_PORT = 19_630;
const SEED = 20_261_121;

const dir = mkdtempSync(join(tmpdir(), 'rolling-embedded-'));
after(() => rmSync(dir, { recursive: true }));

it('on the embedded broker and LMDB, whoever is killed when, and the broker too, nothing is lost, repeated or reordered', async (t) => {
  const brokerArgs = [join(dir, 'broker'), String(KAFKA_PORT)];
  const startBroker = async (): Promise<Program> => {
    const program = new Program('tests/crash/broker-process.ts', brokerArgs, { talks: true });
    await program.untilPrinted(/Listening/);
    return program;
  };
  let broker = await startBroker();
  t.after(() => broker[Symbol.asyncDispose]());
  t.diagnostic(`seed ${SEED}`);
  const rolled = await rollThrough({
    kafkaPort: KAFKA_PORT,
    journal: `lmdb:${join(dir, 'journal')}`,
    messagesMin: 10_000,
    messagesPerSecond: 150,
    conversationCount: 500,
    seed: SEED,
    meanwhile: async () => {
      await broker.kill();
      broker = await startBroker();
      t.diagnostic('The broker was killed, and started again.');
    },
    say: (sentence) => t.diagnostic(sentence),
  });
  assert.deepEqual(rolled.blown, fusePoints, 'Every phase was hit.');

  const dump = join(dir, 'journal.jsonl');
  await dumpJournal(join(dir, 'journal'), dump);
  const counts = await assertClean({ kafkaPort: KAFKA_PORT, journal: ['--journal-dump', dump] });
  t.diagnostic(JSON.stringify({ ...rolled, checked: counts }));
  assert.ok(counts.inputs >= rolled.messageCount, 'What was acknowledged is in the log.');
  assert.ok(counts.messages >= 8_000 && counts.journalRows >= counts.messages);
  assert.ok(counts.duplicates > 0 && counts.strays > 0 && counts.invalid > 0);
});
