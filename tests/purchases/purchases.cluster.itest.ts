import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startServices } from '../../tools/services/start-services.ts';
import { awaitCoordinators } from '../conformance/coordinators.ts';
import { assertPurchasesClean } from '../crash/check.ts';
import { goShopping } from './go-shopping.ts';

const KAFKA_PORT = 19_760;
const CASSANDRA_PORT = 19_770;

const dir = mkdtempSync(join(tmpdir(), 'purchases-'));
after(() => rmSync(dir, { recursive: true }));

it('the same on a real Kafka and Cassandra, and a checker that shares no code with the program finds nothing', async (t) => {
  const services = await startServices({
    dir,
    kafkaPort: KAFKA_PORT,
    cassandraPort: CASSANDRA_PORT,
  });
  t.after(() => services.stop());
  await awaitCoordinators(KAFKA_PORT);
  const journal = `cassandra:127.0.0.1:${CASSANDRA_PORT}/purchases`;
  await goShopping(t, {
    kafkaPort: KAFKA_PORT,
    journal,
    nodePorts: [19_744, 19_745, 19_748],
    check: async (frontEndPorts) => {
      const counts = await assertPurchasesClean({ kafkaPort: KAFKA_PORT, journal, frontEndPorts });
      t.diagnostic(JSON.stringify(counts));
      // Two records are no purchases.
      assert.equal(counts.purchases, counts.inputs - counts.deadLetters - counts.strays);
      assert.equal(counts.deadLetters, 2);
      assert.equal(counts.journalRows, counts.purchases);
      assert.equal(counts.answers, 3 * (counts.users + 1));
    },
  });
});
