import type { Logger } from 'pino';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { endpointText } from '@chat-cluster/node';
import type { ChatWorkerOptions } from './chat-worker.ts';
import type { NodeSettings } from './configuration.ts';
import { journalLimits, openJournal } from './open-journal.ts';

/** A worker's Kafka, journal and limits, as a node's settings say. */
export function workerOptions(
  settings: NodeSettings,
  { logger, onFatal }: { readonly logger: Logger; readonly onFatal: (error: Error) => void },
): ChatWorkerOptions {
  const { backlogBytesMax, brokers, endpoint, groupId, journal, partitionCount } = settings;
  const { replicationFactor } = settings;
  return {
    groupId,
    openLog: () =>
      openKafkaLog({
        bootstrap: brokers,
        clientId: `chatcluster-${endpointText(endpoint)}`,
        report: ({ kind, message, ...facts }) => logger.debug({ kind, ...facts }, message),
      }),
    openJournal: () => openJournal(journal, { replicationFactor }),
    partitionCount,
    replicationFactor: replicationFactor ?? -1,
    limits: { backlogBytesMax, ...journalLimits(journal) },
    report: (level, sentence, facts) => logger[level]({ ...facts }, sentence),
    onFatal,
  };
}
