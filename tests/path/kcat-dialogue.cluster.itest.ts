import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { startServices } from '../../tools/services/start-services.ts';
import { goOnWithDialogue, holdDialogue } from './dialogue.ts';
import { kcatDialogueClient } from './kcat-dialogue-client.ts';
import { startLocalProgram } from './local-program.ts';
import { Program } from './program.ts';

const KAFKA_PORT = 19_640;
const CASSANDRA_PORT = 19_650;

const dir = mkdtempSync(join(tmpdir(), 'kcat-dialogue-'));
after(() => rmSync(dir, { recursive: true }));

it('the dialogue of the README with kcat, on the embedded default', async () => {
  const { kafkaPort, program } = await startLocalProgram(join(dir, 'data'));
  await using local = program;
  await holdDialogue(kcatDialogueClient(`127.0.0.1:${kafkaPort}`));
  await local.stop('SIGINT');
});

it('the same dialogue with kcat, on real Kafka and Cassandra, through kill -9', async () => {
  const services = await startServices({
    dir: join(dir, 'services'),
    kafkaPort: KAFKA_PORT,
    cassandraPort: CASSANDRA_PORT,
  });
  try {
    const client = kcatDialogueClient(services.kafkaBootstrap);
    {
      await using node = await startNode();
      await holdDialogue(client);
      await node.kill();
    }
    await using node = await startNode();
    await goOnWithDialogue(client);
    await node.stop('SIGTERM');
  } finally {
    await services.stop();
  }
});

/** `npx chatcluster node` on the services. */
async function startNode(): Promise<Program> {
  const node = new Program('apps/cli/src/run.ts', [
    'node',
    ...['--brokers', `127.0.0.1:${KAFKA_PORT}`],
    ...['--journal', `cassandra:127.0.0.1:${CASSANDRA_PORT}/dialogue`],
    ...['--http-port', '0', '--management-port', '0'],
  ]);
  await node.untilPrinted(/Ready: node/);
  return node;
}
