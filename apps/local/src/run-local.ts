import { join } from 'node:path';
import { boundHeap } from '@chat-cluster/app-chat-node/bound-heap';
import { runProgram } from '@chat-cluster/app-chat-node/program';
import { startBrokerThread } from '@chat-cluster/broker/thread';
import type { LocalSettings } from './configuration.ts';

/** `npm start`: broker, journal and one chat node in one process, until it is stopped. */
export async function runLocal(settings: LocalSettings): Promise<void> {
  boundHeap();
  await runProgram(
    async (fail) => {
      const { dataDir } = settings;
      const starting = startBrokerThread({
        dataDir: join(dataDir, 'broker'),
        listeners: [{ host: '127.0.0.1', port: settings.kafkaPort }],
        limits: { partitionsDefault: settings.partitionCount },
        onError: fail,
      });
      // The broker starts in its thread while the rest is loaded in this one.
      const loading = import('./start-local-node.ts');
      const broker = await starting;
      try {
        const { startLocalNode } = await loading;
        return await startLocalNode(settings, broker, fail);
      } catch (error) {
        await broker.close();
        throw error;
      }
    },
    (sentence) => process.stderr.write(`${sentence}\n`),
  );
}
