import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startServices } from '../../tools/services/start-services.ts';
import { awaitCoordinators } from '../conformance/coordinators.ts';
import { goShopping } from './go-shopping.ts';

const KAFKA_PORT = 19_760;
const CASSANDRA_PORT = 19_770;

const dir = mkdtempSync(join(tmpdir(), 'purchases-'));
after(() => rmSync(dir, { recursive: true }));

it('the same on a real Kafka and Cassandra', async (t) => {
  const services = await startServices({
    dir,
    kafkaPort: KAFKA_PORT,
    cassandraPort: CASSANDRA_PORT,
  });
  t.after(() => services.stop());
  await awaitCoordinators(KAFKA_PORT);
  await goShopping(t, {
    kafkaPort: KAFKA_PORT,
    journal: `cassandra:127.0.0.1:${CASSANDRA_PORT}`,
    nodePorts: [19_744, 19_745, 19_746],
  });
});
