import { join } from 'node:path';
import { startChatNode, type Running } from '@chat-cluster/app-chat-node';
import { openLmdbJournal } from '@chat-cluster/journal-lmdb';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { LocalSettings } from './configuration.ts';
import { localReport } from './local-report.ts';
import { pageHtml } from './page.ts';
import { summary } from './summary.ts';

/** The chat node on the broker that runs in this process; prints the summary when it is ready. Stopping it closes the broker too. */
export async function startLocalNode(
  settings: LocalSettings,
  broker: { readonly port: number; close(): Promise<void> },
  fail: (error: Error) => void,
): Promise<Running> {
  const ports = { ...settings, kafkaPort: broker.port };
  const report = localReport((line) => process.stderr.write(line));
  const node = await startChatNode({
    endpoint: { name: 'local', host: '127.0.0.1', port: 0 },
    workers: {
      kind: 'here',
      options: {
        groupId: 'chat',
        openLog: () =>
          openKafkaLog({
            bootstrap: [{ host: '127.0.0.1', port: broker.port }],
            clientId: 'chatcluster-local',
          }),
        openJournal: () => openLmdbJournal({ dir: join(settings.dataDir, 'journal') }),
        partitionCount: settings.partitionCount,
        replicationFactor: 1,
        report,
        onFatal: fail,
      },
    },
    httpPort: settings.httpPort,
    management: { port: settings.managementPort },
    pageHtml: pageHtml(ports),
    report,
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
