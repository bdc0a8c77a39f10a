import type { Clock } from '@chat-cluster/kernel';

/** What the adapter tells its owner, who decides what to log. Never needed for correctness. */
export type KafkaLogEvent = {
  /**
   * - `connection-failed`: a broker was not reached, or dropped the connection; it is tried again.
   * - `fetch-retried`: partitions are asked for again after an error that may pass.
   * - `produce-retried`: a batch is sent again after an error that may pass.
   * - `transaction-aborted`: a transaction was taken back; its owner may send it again.
   * - `coordinator-retried`: a transaction's coordinator did not answer, or is moving, and is asked again.
   * - `epoch-bumped`: after a lost answer a producer went on to a new epoch.
   * - `group-retried`: a request of the group protocol is repeated.
   * - `group-joined`, `group-lost`: the membership changed.
   */
  readonly kind:
    | 'connection-failed'
    | 'fetch-retried'
    | 'produce-retried'
    | 'transaction-aborted'
    | 'coordinator-retried'
    | 'epoch-bumped'
    | 'group-retried'
    | 'group-joined'
    | 'group-lost';
  /** A sentence for a person. */
  readonly message: string;
  readonly cause?: unknown;
};

/** Takes events; must not throw. */
export type Report = (event: KafkaLogEvent) => void;

/** Lets each message through once in QUIET_MS: while a broker is away, the same thing happens many times a second. */
export function withoutRepeats(report: Report, clock: Clock): Report {
  /** When each message was last let through, oldest first; see MESSAGES_MAX. */
  const reportedMs = new Map<string, number>();
  return (event) => {
    const nowMs = clock.monotonicMs();
    const lastMs = reportedMs.get(event.message);
    if (lastMs !== undefined && nowMs - lastMs < QUIET_MS) return;
    reportedMs.delete(event.message);
    reportedMs.set(event.message, nowMs);
    if (reportedMs.size > MESSAGES_MAX) {
      for (const oldest of reportedMs.keys()) {
        reportedMs.delete(oldest);
        break;
      }
    }
    report(event);
  };
}

const QUIET_MS = 5_000;
const MESSAGES_MAX = 1_000;
