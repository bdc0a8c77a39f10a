import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startServices } from '../../tools/services/start-services.ts';
import { assertClean } from './check.ts';
import { pauseThrough } from './pause-scenario.ts';

const KAFKA_PORT = 19_900;
const CASSANDRA_PORT = 19_920;
const SEED = 20_261_124;

const dir = mkdtempSync(join(tmpdir(), 'pause-cluster-'));
after(() => rmSync(dir, { recursive: true }));

it('on real Kafka and Cassandra, a node that is stopped for a minute does no harm when it goes on', async (t) => {
  const ports = { kafkaPort: KAFKA_PORT, cassandraPort: CASSANDRA_PORT };
  const services = await startServices({ dir: join(dir, 'services'), ...ports });
  t.after(() => services.stop());
  t.diagnostic(`seed ${SEED}`);
  const journal = `cassandra:127.0.0.1:${CASSANDRA_PORT}/pause`;
  const { messageCount, localities } = await pauseThrough({
    kafkaPort: KAFKA_PORT,
    journal,
    pauses: [
      { point: 'end-unsent', pausedMs: 60_000 },
      { point: 'rows-unsent', pausedMs: 8_000 },
    ],
    messagesPerSecond: 200,
    conversationCount: 200,
    seed: SEED,
    say: (sentence) => t.diagnostic(sentence),
  });
  const counts = await assertClean({ kafkaPort: KAFKA_PORT, journal: ['--journal', journal] });
  t.diagnostic(JSON.stringify({ messageCount, checked: counts }));
  assert.ok(counts.inputs >= messageCount, 'What was acknowledged is in the log.');
  for (const locality of localities) assert.ok(locality < 1, 'Strays took a hop.');
  assert.equal(counts.outputs, counts.messages);
  assert.equal(counts.journalRows, counts.messages);
  assert.ok(counts.messages > 10_000 && counts.duplicates > 0 && counts.strays > 0);
});
