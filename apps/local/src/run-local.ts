import { join } from 'node:path';
import { runProgram, startChatNode, type Running } from '@chat-cluster/app-chat-node';
import { startBrokerThread } from '@chat-cluster/broker';
import { openLmdbJournal } from '@chat-cluster/journal-lmdb';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { LocalSettings } from './configuration.ts';
import { localReport } from './local-report.ts';
import { pageHtml } from './page.ts';
import { summary } from './summary.ts';

/** `npm start`: broker, journal and one chat node in one process, until it is stopped. */
export async function runLocal(settings: LocalSettings): Promise<void> {
  await runProgram(
    async (fail) => {
      const { dataDir } = settings;
      const broker = await startBrokerThread({
        dataDir: join(dataDir, 'broker'),
        listeners: [{ host: '127.0.0.1', port: settings.kafkaPort }],
        limits: { partitionsDefault: settings.partitionCount },
        onError: fail,
      });
      try {
        return await startNode(settings, broker, fail);
      } catch (error) {
        await broker.close();
        throw error;
      }
    },
    (sentence) => process.stderr.write(`${sentence}\n`),
  );
}

async function startNode(
  settings: LocalSettings,
  broker: { readonly port: number; close(): Promise<void> },
  fail: (error: Error) => void,
): Promise<Running> {
  const ports = { ...settings, kafkaPort: broker.port };
  const node = await startChatNode({
    openLog: () =>
      openKafkaLog({
        bootstrap: [{ host: '127.0.0.1', port: broker.port }],
        clientId: 'chatcluster-local',
      }),
    journal: await openLmdbJournal({ dir: join(settings.dataDir, 'journal') }),
    groupId: 'chat',
    identity: { name: 'local', endpoint: `127.0.0.1:${settings.managementPort}` },
    workerCount: 1,
    partitionCount: settings.partitionCount,
    replicationFactor: 1,
    httpPort: settings.httpPort,
    managementPort: settings.managementPort,
    pageHtml: pageHtml(ports),
    report: localReport((line) => process.stderr.write(line)),
    onFatal: fail,
  });
  const { httpPort, managementPort } = node;
  process.stdout.write(summary({ ...ports, httpPort, managementPort }));
  return {
    stop: async () => {
      process.stdout.write('Stopping …\n');
      await node.stop();
      await broker.close();
      process.stdout.write('Stopped. Everything is kept; start it again with npm start.\n');
    },
  };
}
