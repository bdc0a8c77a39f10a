import type { Clock, Timers } from '@chat-cluster/kernel';
import type { BrokerLimits } from './broker-options.ts';
import type { GroupCoordinator } from './groups/group-coordinator.ts';
import type { RequestCounters } from './metrics/request-counters.ts';
import type { ScramUsers } from './security/scram-users.ts';
import type { Topics } from './topics/topics.ts';
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts';
import type { ApiFacts } from './wire/api-declaration.ts';
import type { CommitLog } from './write-ahead-log/commit-log.ts';

/** Everything that the handlers of the APIs reach; made once by `start-broker.ts`. */
export type BrokerState = {
  /** The id of this broker, the only one of its cluster. */
  readonly nodeId: number;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly limits: BrokerLimits;
  /** The APIs that are answered, for ApiVersions. */
  readonly apis: readonly ApiFacts[];
  /** What an append waits for before it is acknowledged. */
  readonly commitLog: CommitLog;
  readonly topics: Topics;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  readonly scramUsers: ScramUsers;
  /** The data folder, or null when everything is in memory. */
  readonly dataFolder: string | null;
  readonly requestCounters: RequestCounters;
  /** Makes the storage delete what topics have dropped (DeleteRecords). */
  readonly requestCheckpoint: () => void;
};
