import { journalLimits, openJournal } from '@chat-cluster/app-chat-node';
import type { Report } from '@chat-cluster/engine';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { endpointText } from '@chat-cluster/node';
import type { ProcessorSettings } from './configuration.ts';
import type { PurchasesWorkerOptions } from './purchases-worker.ts';

/** A worker's Kafka, journal and limits, as a processor's settings say. */
export function workerOptions(
  settings: ProcessorSettings,
  told: {
    readonly print: (line: string) => void;
    readonly report: Report;
    readonly onFatal: (error: Error) => void;
  },
): PurchasesWorkerOptions {
  const { brokers, endpoint, groupId, isQuiet, journal, partitionCount, replicationFactor } =
    settings;
  return {
    groupId,
    openLog: () =>
      openKafkaLog({
        bootstrap: brokers,
        clientId: `chatcluster-purchases-${endpointText(endpoint)}`,
      }),
    openJournal: () => openJournal(journal, { replicationFactor }),
    partitionCount,
    replicationFactor: replicationFactor ?? -1,
    limits: journalLimits(journal),
    tell: isQuiet ? undefined : told.print,
    report: told.report,
    onFatal: told.onFatal,
  };
}
