import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startServices } from '../../tools/services/start-services.ts';
import { assertClean } from './check.ts';
import { fusePoints } from './fuse.ts';
import { rollThrough } from './rolling-scenario.ts';

const KAFKA_PORT = 19_700;
const CASSANDRA_PORT = 19_710;
const SEED = 20_261_122;

/** About nine of ten acknowledged records become messages: the others are invalid, or repeat an earlier one. */
const ACKNOWLEDGED_MIN = 57_000;
const MESSAGES_MIN = 50_000;

const dir = mkdtempSync(join(tmpdir(), 'rolling-'));
after(() => rmSync(dir, { recursive: true }));

it('on real Kafka and Cassandra, whoever is killed when, nothing is lost, repeated or reordered', async (t) => {
  const ports = { kafkaPort: KAFKA_PORT, cassandraPort: CASSANDRA_PORT };
  const services = await startServices({ dir: join(dir, 'services'), ...ports });
  t.after(() => services.stop());
  t.diagnostic(`seed ${SEED}`);
  const journal = `cassandra:127.0.0.1:${CASSANDRA_PORT}/rolling`;
  const rolled = await rollThrough({
    kafkaPort: KAFKA_PORT,
    journal,
    messagesMin: ACKNOWLEDGED_MIN,
    messagesPerSecond: 380,
    conversationCount: 500,
    seed: SEED,
    say: (sentence) => t.diagnostic(sentence),
  });
  assert.deepEqual(rolled.blown, fusePoints, 'Every phase was hit.');
  assert.equal(rolled.failedCount, 0);

  const counts = await assertClean({ kafkaPort: KAFKA_PORT, journal: ['--journal', journal] });
  t.diagnostic(JSON.stringify({ ...rolled, checked: counts }));
  assert.ok(counts.inputs >= rolled.messageCount, 'What was acknowledged is in the log.');
  assert.ok(counts.messages >= MESSAGES_MIN, `${counts.messages} messages`);
  assert.equal(counts.conversations, 500);
  assert.equal(counts.outputs, counts.messages);
  assert.equal(counts.journalRows, counts.messages);
  assert.ok(counts.duplicates > 0 && counts.strays > 0 && counts.invalid > 0);
});
