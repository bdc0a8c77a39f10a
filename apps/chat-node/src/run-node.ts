import { pino } from 'pino';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { boundHeap } from './bound-heap.ts';
import type { NodeSettings } from './configuration.ts';
import { journalLimits, openJournal } from './open-journal.ts';
import { runProgram } from './program.ts';
import { startChatNode } from './start-chat-node.ts';

/** `chatcluster node`: one node of a cluster, until it is stopped. Logs JSON lines to standard output. */
export async function runNode(settings: NodeSettings): Promise<void> {
  boundHeap();
  const logger = pino({ level: settings.logLevel, base: { node: settings.endpoint } });
  await runProgram(
    async (fail) => {
      const replicationFactor = settings.replicationFactor ?? -1;
      const node = await startChatNode({
        openLog: () =>
          openKafkaLog({
            bootstrap: settings.brokers,
            clientId: `chatcluster-${settings.endpoint}`,
            report: ({ kind, message, ...facts }) => logger.debug({ kind, ...facts }, message),
          }),
        journal: await openJournal(settings.journal, {
          replicationFactor: settings.replicationFactor,
        }),
        groupId: settings.groupId,
        identity: { name: settings.endpoint, endpoint: settings.endpoint },
        workerCount: settings.workerCount,
        partitionCount: settings.partitionCount,
        replicationFactor,
        httpPort: settings.httpPort,
        managementPort: settings.managementPort,
        pageHtml: nodePage(settings),
        limits: { backlogBytesMax: settings.backlogBytesMax, ...journalLimits(settings.journal) },
        report: (level, sentence, facts) => logger[level]({ ...facts }, sentence),
        onFatal: fail,
      });
      logger.info(
        { httpPort: node.httpPort, managementPort: node.managementPort },
        `Ready: node ${settings.endpoint} of group ${settings.groupId}.`,
      );
      return node;
    },
    (sentence) => logger.fatal(sentence),
  );
}

function nodePage({ endpoint, managementPort }: NodeSettings): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Chat node</title>
<p>Chat node ${endpoint.replaceAll(/[<>&]/g, '')} is running. Operators: 127.0.0.1:${managementPort}.</p></html>
`;
}
