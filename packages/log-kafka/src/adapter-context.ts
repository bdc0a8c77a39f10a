import type { Clock, Timers } from '@chat-cluster/kernel';
import type { ConnectionSettings } from './connections/broker-connection.ts';
import type { Report } from './report.ts';

/** What every part of the adapter is given: time, settings, and somebody to tell. */
export type AdapterContext = {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly settings: ConnectionSettings;
  /** How long an operation is repeated while its troubles may pass. */
  readonly retryTimeoutMs: number;
  readonly report: Report;
};
