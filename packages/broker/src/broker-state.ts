import type { Clock, Timers } from '@chat-cluster/kernel';
import type { GroupCoordinator } from './groups/group-coordinator.ts';
import type { TransactionCoordinator } from './transactions/transaction-coordinator.ts';

/** Everything that the handlers of the APIs reach; made once by `start-broker.ts`. */
export type BrokerState = {
  /** The id of this broker, the only one of its cluster. */
  readonly nodeId: number;
  readonly clusterId: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
};
