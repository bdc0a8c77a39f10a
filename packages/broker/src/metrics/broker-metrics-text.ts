import { type Metric, metricLines, type Sample } from '@chat-cluster/kernel';
import type { BrokerState } from '../broker-state.ts';
import type { CommitLogState } from '../write-ahead-log/commit-log.ts';
import type { RequestCounts } from './request-counters.ts';

const PREFIX = 'chatcluster_broker_';

/** What the broker has done and what it holds, for Prometheus. */
export function brokerMetricsText(
  { commitLog, groups, requestCounters, topics, transactions }: BrokerState,
  connectionCount: number,
): string {
  const partitions = topics.all().flatMap((topic) => topic.partitions);
  const requests = (of: (counts: Readonly<RequestCounts>) => number): Sample[] =>
    [...requestCounters.all()].map(([api, counts]) => ({ labels: { api }, value: of(counts) }));
  const logBytes = partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const stoppedCount = partitions.filter(({ failure }) => failure !== null).length;
  return [
    ...metricLines(
      counter('requests_total', 'Requests that were answered, or that want no answer.'),
      requests((counts) => counts.requests),
    ),
    ...metricLines(
      counter('request_bytes_total', 'Bytes of these requests.'),
      requests((counts) => counts.requestBytes),
    ),
    ...metricLines(
      counter('response_bytes_total', 'Bytes of their answers.'),
      requests((counts) => counts.responseBytes),
    ),
    ...metricLines(
      counter('response_seconds_total', 'Time from a request until its answer, waiting included.'),
      requests((counts) => counts.responseSeconds),
    ),
    ...single(gauge('connections', 'Connections that are open.'), connectionCount),
    ...single(gauge('topics', 'Topics.'), topics.all().length),
    ...single(gauge('partitions', 'Partitions.'), partitions.length),
    ...single(
      gauge('partitions_stopped', 'Partitions that are stopped because they are damaged.'),
      stoppedCount,
    ),
    ...single(gauge('log_bytes', 'Bytes of records in all partitions.'), logBytes),
    ...metricLines(
      gauge('groups', 'Consumer groups by state.'),
      counted(groups.list().map(({ phaseName }) => phaseName)),
    ),
    ...metricLines(
      gauge('transactional_ids', 'Transactional ids by the state of their last transaction.'),
      counted([...transactions.all()].map(({ state }) => state)),
    ),
    ...metricLines(
      gauge(
        'commit_log',
        'One at the state of the commit log: open, full (of the disk) or failed.',
      ),
      COMMIT_LOG_STATES.map((state) => ({
        labels: { state },
        value: Number(commitLog.state === state),
      })),
    ),
    '',
  ].join('\n');
}

const COMMIT_LOG_STATES: readonly CommitLogState[] = ['open', 'full', 'failed', 'closed'];

function counter(name: string, help: string): Metric {
  return { name: PREFIX + name, type: 'counter', help };
}

function gauge(name: string, help: string): Metric {
  return { name: PREFIX + name, type: 'gauge', help };
}

function single(described: Metric, value: number): string[] {
  return metricLines(described, [{ labels: {}, value }]);
}

function counted(states: readonly string[]): Sample[] {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, value]) => ({ labels: { state }, value }));
}
