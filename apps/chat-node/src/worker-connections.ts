import type { EngineLimits } from '@chat-cluster/engine';
import { type KafkaLogEvent, openKafkaLog } from '@chat-cluster/log-kafka';
import { endpointText, type WorkerEndpoint, type WorkerSetup } from '@chat-cluster/node';
import { journalLimits, openJournal } from './open-journal.ts';
import type { Address, JournalSettings } from './settings/index.ts';

/** What every application's worker is told of the cluster that it is part of. */
export type ClusterMembership = {
  readonly brokers: readonly Address[];
  readonly journal: JournalSettings;
  readonly endpoint: Pick<WorkerEndpoint, 'host' | 'port'>;
  readonly partitionCount: number;
  /** Undefined: the brokers' default; of a keyspace three, or one a node where there are fewer. */
  readonly replicationFactor: number | undefined;
  readonly groupId: string;
};

/**
 * A worker's Kafka, journal and limits, as its settings say.
 *
 * @param options.program starts the name by which brokers know the worker's connections
 * @param options.report gets what the Kafka client tells: what failed and is tried again
 */
export function workerConnections(
  membership: ClusterMembership,
  {
    program,
    report,
  }: { readonly program: string; readonly report: (event: KafkaLogEvent) => void },
): Pick<
  WorkerSetup<never, never, never>,
  'groupId' | 'openLog' | 'openJournal' | 'partitionCount' | 'replicationFactor'
> & { readonly limits: Partial<EngineLimits> } {
  const { brokers, endpoint, groupId, journal, partitionCount, replicationFactor } = membership;
  const clientId = `${program}-${endpointText(endpoint)}`;
  return {
    groupId,
    openLog: () => openKafkaLog({ bootstrap: brokers, clientId, report }),
    openJournal: () => openJournal(journal, { replicationFactor }),
    partitionCount,
    replicationFactor: replicationFactor ?? -1,
    limits: { transactionGatherMs: TRANSACTION_GATHER_MS, ...journalLimits(journal) },
  };
}

/** A transaction on Kafka costs it 6 to 7 ms of CPU, whatever it carries (bench/results/README.md). */
const TRANSACTION_GATHER_MS = 20;
