import { Histogram, localityOf } from '@chat-cluster/engine';
import {
  type Metric,
  metricHead,
  metricLines,
  type Sample,
  sampleLine,
} from '@chat-cluster/kernel';
import type { RoutingCounts, WorkerCounters, WorkerStatus } from '../worker-status.ts';

export type MeasuredWorker = Pick<
  WorkerStatus,
  'name' | 'counters' | 'routing' | 'backlogBytes' | 'entityBytes' | 'memory'
>;

/** The node's own process, where its workers live in others. */
export type MeasuredProcess = Pick<WorkerStatus, 'routing' | 'memory'>;

/**
 * Prometheus' text format 0.0.4: what each worker has done, and what it holds in memory. Where a node has several workers, each has its label; then `own` is the
 * node's own process, which has none.
 */
export function metricsText(workers: readonly MeasuredWorker[], own?: MeasuredProcess): string {
  const of = (value: (worker: MeasuredWorker) => number): Sample[] =>
    workers.map((worker) => ({ labels: labelsOf(worker, workers), value: value(worker) }));
  const decisions = workers.flatMap((worker) =>
    [...worker.counters.labels].map(([kind, value]) => ({
      labels: { kind, ...labelsOf(worker, workers) },
      value,
    })),
  );
  return [
    ...COUNTERS.flatMap(([name, help, value]) =>
      metricLines({ name: `chatcluster_${name}_total`, type: 'counter', help }, of(value)),
    ),
    ...metricLines(DECISIONS, decisions),
    ...metricLines(
      BACKLOG,
      of(({ backlogBytes }) => backlogBytes),
    ),
    ...metricLines(
      ENTITIES,
      of(({ entityBytes }) => entityBytes),
    ),
    ...metricLines(
      LOCALITY,
      of(({ counters }) => localityOf(counters)),
    ),
    ...histogram(JOURNAL_DELAY, workers, ({ journalDelay }) => journalDelay),
    ...histogram(SHARD_SILENCE, workers, ({ shardSilence }) => shardSilence),
    ...routing(processesOf(workers, own)),
    ...memory(processesOf(workers, own)),
    '',
  ].join('\n');
}

const DECISIONS: Metric = {
  name: 'chatcluster_decisions_total',
  type: 'counter',
  help: 'Decisions by what they were counted as.',
};
const BACKLOG: Metric = {
  name: 'chatcluster_backlog_bytes',
  type: 'gauge',
  help: 'Committed events that wait for the journal.',
};
const ENTITIES: Metric = {
  name: 'chatcluster_entity_bytes',
  type: 'gauge',
  help: 'States of active entities.',
};
const JOURNAL_DELAY: Metric = {
  name: 'chatcluster_journal_delay_seconds',
  type: 'histogram',
  help: "From an input's time until its event was a row of the journal.",
};
const SHARD_SILENCE: Metric = {
  name: 'chatcluster_shard_silence_seconds',
  type: 'histogram',
  help: 'Of shards that came from another worker: from when it stopped deciding until they ran here.',
};
const LOCALITY: Metric = {
  name: 'chatcluster_locality_ratio',
  type: 'gauge',
  help: 'The share of decided records that were at home where they were fetched.',
};
const QUESTIONS: Metric = {
  name: 'chatcluster_questions_total',
  type: 'counter',
  help: 'Questions to entities that were asked here, by who answered: here, or after a hop.',
};
const HOPS: Metric = {
  name: 'chatcluster_hops_total',
  type: 'counter',
  help: 'Questions of other nodes to the owner here, by whether it is here.',
};
const RETRIES: Metric = {
  name: 'chatcluster_question_retries_total',
  type: 'counter',
  help: 'Tries of questions and watches after the first one.',
};
const RESIDENT: Metric = {
  name: 'process_resident_memory_bytes',
  type: 'gauge',
  help: 'Resident memory of the process.',
};
const HEAP: Metric = {
  name: 'nodejs_memory_bytes',
  type: 'gauge',
  help: "Memory of the process's main thread, by kind.",
};

/** Of what a worker has done since it started: the name without `chatcluster_` and `_total`. */
const COUNTERS: readonly [
  name: string,
  help: string,
  of: (worker: { readonly counters: WorkerCounters }) => number,
][] = [
  ['records_fetched', 'Input records fetched.', ({ counters }) => counters.recordsFetched],
  ['records_decided', 'Input records decided.', ({ counters }) => counters.recordsDecided],
  [
    'records_misplaced',
    'Input records decided for a shard that is known as the shard of another worker.',
    ({ counters }) => counters.recordsMisplaced,
  ],
  [
    'records_left',
    'Input records left to the next owner of their shard.',
    ({ counters }) => counters.recordsLeft,
  ],
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
    'entities_warmed',
    'Entities read ahead when their shard came.',
    ({ counters }) => counters.entitiesWarmed,
  ],
  [
    'entities_handed_over',
    'Entities that went on with the state of their shard’s former owner.',
    ({ counters }) => counters.entitiesHandedOver,
  ],
  [
    'entities_passivated',
    'Entities taken out of memory.',
    ({ counters }) => counters.entitiesPassivated,
  ],
];

function labelsOf({ name }: MeasuredWorker, all: readonly MeasuredWorker[]): Sample['labels'] {
  return all.length > 1 ? { worker: name } : {};
}

/** Cumulative, in seconds, as Prometheus wants histograms. */
function histogram(
  described: Metric,
  workers: readonly MeasuredWorker[],
  of: (counters: WorkerCounters) => Histogram,
): string[] {
  const { name } = described;
  const series = workers.flatMap((worker) => {
    const { counts, count, sumMs } = of(worker.counters);
    const labels = labelsOf(worker, workers);
    let cumulative = 0;
    const buckets = Histogram.boundsMs.map((boundMs, index) => {
      cumulative += counts[index] ?? 0;
      return sampleLine(`${name}_bucket`, { le: String(boundMs / 1_000), ...labels }, cumulative);
    });
    return [
      ...buckets,
      sampleLine(`${name}_bucket`, { le: '+Inf', ...labels }, count),
      sampleLine(`${name}_sum`, labels, sumMs / 1_000),
      sampleLine(`${name}_count`, labels, count),
    ];
  });
  return [...metricHead(described), ...series];
}

type LabelledProcess = MeasuredProcess & { readonly labels: Sample['labels'] };

function processesOf(
  workers: readonly MeasuredWorker[],
  own: MeasuredProcess | undefined,
): readonly LabelledProcess[] {
  const theirs = workers.map((worker) => ({ ...worker, labels: labelsOf(worker, workers) }));
  return own === undefined ? theirs : [{ ...own, labels: {} }, ...theirs];
}

function routing(processes: readonly LabelledProcess[]): string[] {
  const samples = (of: (counts: RoutingCounts) => Readonly<Record<string, number>>): Sample[] =>
    processes.flatMap((each) =>
      Object.entries(of(each.routing)).map(([outcome, value]) => ({
        labels: { outcome, ...each.labels },
        value,
      })),
    );
  return [
    ...metricLines(
      QUESTIONS,
      samples(({ answeredLocally, answeredByHop, refused, unavailable }) => ({
        here: answeredLocally,
        hop: answeredByHop,
        refused,
        unavailable,
      })),
    ),
    ...metricLines(
      HOPS,
      samples(({ hopsServed, hopsNotOwned }) => ({
        served: hopsServed,
        'not-owned': hopsNotOwned,
      })),
    ),
    ...metricLines(
      RETRIES,
      processes.map((each) => ({ labels: each.labels, value: each.routing.retried })),
    ),
  ];
}

function memory(processes: readonly LabelledProcess[]): string[] {
  const kinds = ['heapTotal', 'heapUsed', 'external', 'arrayBuffers'] as const;
  return [
    ...metricLines(
      RESIDENT,
      processes.map((each) => ({ labels: each.labels, value: each.memory.rss })),
    ),
    ...metricLines(
      HEAP,
      processes.flatMap((each) =>
        kinds.map((kind) => ({ labels: { kind, ...each.labels }, value: each.memory[kind] })),
      ),
    ),
  ];
}
