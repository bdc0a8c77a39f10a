import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cassandraTakes } from '../../tools/services/cassandra-probe.ts';
import { cassandraHost } from '../../tools/services/cassandra.ts';
import { type Services, startServices } from '../../tools/services/start-services.ts';
import { goOnWithDialogue, holdDialogue } from './dialogue.ts';
import { kcatDialogueClient } from './kcat-dialogue-client.ts';
import { startLocalProgram } from './local-program.ts';
import { refusalOf } from './node-refusal.ts';
import { Program } from './program.ts';

const KAFKA_PORT = 19_640;
const CASSANDRA_PORT = 19_650;
const KEYSPACE = 'dialogue';

const dir = mkdtempSync(join(tmpdir(), 'kcat-dialogue-'));
after(() => rmSync(dir, { recursive: true }));

it('the dialogue of the README with kcat, on the embedded default', async () => {
  const { kafkaPort, program } = await startLocalProgram(join(dir, 'data'));
  await using local = program;
  await holdDialogue(kcatDialogueClient(`127.0.0.1:${kafkaPort}`));
  await local.stop('SIGINT');
});

describe('on real Kafka and Cassandra', () => {
  let services: Services;

  before(async () => {
    services = await startServices({
      dir: join(dir, 'services'),
      kafkaPort: KAFKA_PORT,
      cassandraPort: CASSANDRA_PORT,
    });
  });
  after(() => services.stop());

  it('the same dialogue with kcat, through kill -9', async () => {
    const client = kcatDialogueClient(services.kafkaBootstrap);
    {
      await using node = await readyNode();
      await holdDialogue(client);
      await node.kill();
    }
    await using node = await readyNode();
    await goOnWithDialogue(client);
    await node.stop('SIGTERM');
  });

  it('a node does not start on tables of another version, and says so', async () => {
    const address = { host: cassandraHost(0), port: CASSANDRA_PORT };
    const another = `UPDATE ${KEYSPACE}.schema_version SET version = 99 WHERE component = 'journal'`;
    assert.equal(await cassandraTakes(address, another), true);
    await using node = startNode();
    assert.match(
      await refusalOf(node),
      /^The tables in the keyspace dialogue have version 99, this program has 2\. .* choose another keyspace\.$/,
    );
  });
});

async function readyNode(): Promise<Program> {
  const node = startNode();
  await node.untilPrinted(/Ready: node/);
  return node;
}

/** `npx chatcluster node` on the services. */
function startNode(): Program {
  return new Program('apps/cli/src/run.ts', [
    'node',
    ...['--brokers', `127.0.0.1:${KAFKA_PORT}`],
    ...['--journal', `cassandra:127.0.0.1:${CASSANDRA_PORT}/${KEYSPACE}`],
    ...['--http-port', '0', '--management-port', '0'],
  ]);
}
