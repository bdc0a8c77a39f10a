import { Histogram, type Counters } from '@chat-cluster/engine';

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
    ...journalDelay(workers),
    ...metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', [
      ['', process.memoryUsage.rss()],
    ]),
    ...metric(
      'nodejs_memory_bytes',
      'gauge',
      "Memory of the node's own thread, by kind.",
      memory(),
    ),
    '',
  ].join('\n');
}

function memory(): [labels: string, value: number][] {
  const { heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const kinds = { heapTotal, heapUsed, external, arrayBuffers };
  return Object.entries(kinds).map(([kind, bytes]) => [`{kind="${kind}"}`, bytes]);
}

/** Cumulative, in seconds, as Prometheus wants histograms. */
function journalDelay(workers: readonly MeasuredWorker[]): string[] {
  const name = 'chatcluster_journal_delay_seconds';
  const histograms = workers.map(({ counters }) => counters.journalDelay);
  const sum = (of: (histogram: Histogram) => number): number =>
    histograms.reduce((total, histogram) => total + of(histogram), 0);
  let cumulative = 0;
  const buckets = Histogram.boundsMs.map((boundMs, index) => {
    cumulative += sum(({ counts }) => counts[index] ?? 0);
    return `${name}_bucket{le="${boundMs / 1_000}"} ${cumulative}`;
  });
  return [
    `# HELP ${name} From an input's time until its event was a row of the journal.`,
    `# TYPE ${name} histogram`,
    ...buckets,
    `${name}_bucket{le="+Inf"} ${sum(({ count }) => count)}`,
    `${name}_sum ${sum(({ sumMs }) => sumMs) / 1_000}`,
    `${name}_count ${sum(({ count }) => count)}`,
  ];
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
