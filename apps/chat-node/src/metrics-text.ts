import type { Counters } from '@chat-cluster/engine';

export type MeasuredWorker = {
  readonly counters: Counters;
  readonly backlogBytes: number;
  readonly entityBytes: number;
};

/** Prometheus' text format 0.0.4: the counters of all workers, and what they hold in memory. */
export function metricsText(workers: readonly MeasuredWorker[]): string {
  const sum = (of: (worker: MeasuredWorker) => number): number =>
    workers.reduce((total, worker) => total + of(worker), 0);
  const lines = COUNTERS.flatMap(([name, help, of]) =>
    metric(`chatcluster_${name}_total`, 'counter', help, [['', sum(of)]]),
  );
  const labels = new Map<string, number>();
  for (const { counters } of workers) {
    for (const [label, count] of counters.labels) {
      labels.set(label, (labels.get(label) ?? 0) + count);
    }
  }
  const labelled = [...labels].map(([label, count]): [string, number] => [
    `{kind="${label}"}`,
    count,
  ]);
  return [
    ...lines,
    ...metric(
      'chatcluster_decisions_total',
      'counter',
      'Decisions by what they were counted as.',
      labelled,
    ),
    ...metric('chatcluster_backlog_bytes', 'gauge', 'Committed events that wait for the journal.', [
      ['', sum(({ backlogBytes }) => backlogBytes)],
    ]),
    ...metric('chatcluster_entity_bytes', 'gauge', 'States of active entities.', [
      ['', sum(({ entityBytes }) => entityBytes)],
    ]),
    ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', [
      ['', process.memoryUsage.rss()],
    ]),
    '',
  ].join('\n');
}

const COUNTERS: readonly [name: string, help: string, of: (worker: MeasuredWorker) => number][] = [
  ['records_decided', 'Input records decided.', ({ counters }) => counters.recordsDecided],
  ['events_committed', 'Events committed.', ({ counters }) => counters.eventsCommitted],
  [
    'transactions_committed',
    'Transactions committed.',
    ({ counters }) => counters.transactionsCommitted,
  ],
  ['transactions_aborted', 'Transactions aborted.', ({ counters }) => counters.transactionsAborted],
  ['dead_letters', 'Records that became dead letters.', ({ counters }) => counters.deadLetters],
  ['forwarded', 'Records forwarded to their home partition.', ({ counters }) => counters.forwarded],
  ['parked', 'Records parked for quarantined entities.', ({ counters }) => counters.parked],
  [
    'entities_recovered',
    'Entities read back from the journal.',
    ({ counters }) => counters.entitiesRecovered,
  ],
  [
    'entities_passivated',
    'Entities taken out of memory.',
    ({ counters }) => counters.entitiesPassivated,
  ],
];

function metric(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly (readonly [labels: string, value: number])[],
): string[] {
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labels} ${value}`),
  ];
}
