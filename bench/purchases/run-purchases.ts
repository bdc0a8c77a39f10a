import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { readMetrics } from '../chat/node-metrics.ts';
import { cpuMicros, memoryBytes } from '../chat/process-usage.ts';
import { describeMachine, machineLine } from '../machine.ts';
import { writeResult } from '../write-result.ts';
import { checkEvents } from './check-events.ts';
import { checkTotals } from './check-totals.ts';
import { preloadPurchases } from './preload-purchases.ts';
import { PurchasesCluster } from './purchases-cluster.ts';

export type PurchasesBenchOptions = { readonly count: number };

type Scene = {
  readonly name: string;
  readonly count: number;
  readonly userCount: number;
  readonly partitionCount: number;
  readonly processorCount: number;
};

type Measured = Scene & {
  readonly perSecond: number;
  readonly perSecondSecondHalf: number;
  readonly cpuMicrosPerEvent: number;
  /** Pages of LMDB's file included, which the system drops when it needs them. */
  readonly residentPeakMiB: number;
  /** The process's own, as it was looked at twenty times a second. */
  readonly anonymousPeakMiB: number;
  /** The same records, after the processors have stopped, through the bare loop. */
  readonly bare: Throughput;
};

type Throughput = Pick<Measured, 'perSecond' | 'perSecondSecondHalf' | 'cpuMicrosPerEvent'>;

/** At one moment: how much is done, and the CPU of all processes, µs. */
type State = { readonly ms: number; readonly done: number; readonly cpu: number };

const POLL_MS = 50;
const MIB = 1024 * 1024;
const USERS = 10_000;
const MANY_USERS = 1_000_000;

/**
 * Purchases through the embedded broker and LMDB, one scene after the other, each from an empty folder: from the first committed event until the last is in the journal; totals are checked after it. Then
 * the bare loop takes the same records from the same broker.
 */
export async function runPurchases({ count }: PurchasesBenchOptions): Promise<void> {
  const scene = (name: string, partitionCount: number, processorCount = 1): Scene => {
    return { name, count, userCount: USERS, partitionCount, processorCount };
  };
  const scenes = [
    scene('one processor', 128),
    scene('two processors', 128, 2),
    scene('few partitions', 12),
    scene('many partitions', 1_024),
    { ...scene('a million users, once each', 128), count: MANY_USERS, userCount: MANY_USERS },
  ];
  const measured: Measured[] = [];
  for (const each of scenes) {
    process.stderr.write(`${each.name} …\n`);
    measured.push(await runScene(each));
  }
  report(measured);
}

async function runScene(scene: Scene): Promise<Measured> {
  const cluster = new PurchasesCluster();
  const indexes = Array.from({ length: scene.processorCount }, (_, index) => index);
  try {
    await cluster.startBroker();
    const log = openKafkaLog({
      bootstrap: [{ host: '127.0.0.1', port: cluster.kafkaPort }],
      clientId: 'purchases-bench',
    });
    const totals = await preloadPurchases(log, scene);
    // Together, so that the first one is not done before the second has its share.
    await Promise.all(indexes.map((index) => cluster.startProcessor(index)));
    const throughput = await watch(cluster, scene, indexes);
    await checkTotals(cluster.frontEndPort(0), totals);
    await checkEvents(log, { totals, partitionCount: scene.partitionCount });
    await log.close();
    const pids = indexes.map((index) => cluster.pids[`processor ${index + 1}`] ?? 0);
    const residentPeakMiB = Math.max(...pids.map((pid) => memoryBytes(pid).peak)) / MIB;
    await Promise.all(indexes.map((index) => cluster.stopProcessor(index)));
    const bare = await watchBareLoop(cluster, scene);
    return { ...scene, ...throughput, residentPeakMiB, bare };
  } finally {
    await cluster.remove();
  }
}

async function watchBareLoop(
  cluster: PurchasesCluster,
  { count, partitionCount }: Scene,
): Promise<Throughput> {
  const passed = new Passed(cluster, count);
  await cluster.runBareLoop({
    partitionCount,
    count,
    onCommitted: (done) => done > 0 && passed.add(done),
  });
  return passed.throughput();
}

async function watch(
  cluster: PurchasesCluster,
  { count }: Scene,
  indexes: readonly number[],
): Promise<Throughput & Pick<Measured, 'anonymousPeakMiB'>> {
  const passed = new Passed(cluster, count);
  const processors = indexes.map((index) => cluster.pids[`processor ${index + 1}`] ?? 0);
  let anonymousPeak = 0;
  for (;;) {
    const metrics = await Promise.all(
      indexes.map((index) => readMetrics(cluster.managementPort(index))),
    );
    const done = metrics.reduce((sum, { eventsJournaled }) => sum + eventsJournaled, 0);
    const hasBegun = metrics.some(({ eventsCommitted }) => eventsCommitted > 0);
    if (hasBegun) passed.add(done);
    const anonymous = processors.map((pid) => memoryBytes(pid).anonymous);
    anonymousPeak = Math.max(anonymousPeak, ...anonymous);
    if (done >= count) {
      return { ...passed.throughput(), anonymousPeakMiB: anonymousPeak / MIB };
    }
    await delay(POLL_MS);
  }
}

/** What was seen of one pass over the records, from the first committed one on. */
class Passed {
  readonly #cluster: PurchasesCluster;
  readonly #count: number;
  #first: State | undefined;
  #half: State | undefined;
  #last: State | undefined;

  constructor(cluster: PurchasesCluster, count: number) {
    this.#cluster = cluster;
    this.#count = count;
  }

  /** So many are done now. What comes after all are is not looked at. */
  add(done: number): void {
    if (this.#last !== undefined && this.#last.done >= this.#count) return;
    const cpu = Object.values(this.#cluster.pids).reduce((sum, pid) => sum + cpuMicros(pid), 0);
    this.#last = { ms: performance.now(), done, cpu };
    this.#first ??= this.#last;
    if (done >= this.#count / 2) this.#half ??= this.#last;
  }

  throughput(): Throughput {
    const [first, half, last] = [this.#first, this.#half, this.#last];
    if (first === undefined || half === undefined || last === undefined) {
      throw new Error('Nothing has passed.');
    }
    const perSecond = (from: State): number =>
      ((last.done - from.done) / (last.ms - from.ms)) * 1_000;
    return {
      perSecond: perSecond(first),
      perSecondSecondHalf: perSecond(half),
      cpuMicrosPerEvent: (last.cpu - first.cpu) / (last.done - first.done),
    };
  }
}

function report(measured: readonly Measured[]): void {
  const machine = describeMachine();
  const rows = measured.map((each) => {
    const figures = [
      each.partitionCount,
      each.processorCount,
      Math.round(each.perSecond).toLocaleString('en'),
      Math.round(each.perSecondSecondHalf).toLocaleString('en'),
      Math.round(each.bare.perSecond).toLocaleString('en'),
      (each.perSecond / each.bare.perSecond).toFixed(2),
      `${each.cpuMicrosPerEvent.toFixed(1)} µs`,
      `${each.bare.cpuMicrosPerEvent.toFixed(1)} µs`,
      `${Math.round(each.residentPeakMiB)} MiB`,
      `${Math.round(each.anonymousPeakMiB)} MiB`,
    ];
    return `| ${each.name}: ${each.count.toLocaleString('en')} events of ${each.userCount.toLocaleString('en')} users | ${figures.join(' | ')} |`;
  });
  const table = [
    '# Purchases: embedded broker and LMDB',
    '',
    `${machineLine(machine)}. Every event is synced by broker and journal. From the first committed event until the last is in the journal; then the totals of a thousand users were asked for, and the committed events of all users were added up: both were what had been sent. The bare loop reads the same records from the same broker after that, decodes them, encodes them as the event and writes that in transactions, with no engine and no storage.`,
    '',
    '| | partitions | processors | events/s | second half | the bare loop, events/s | ratio to it | CPU an event, all processes | of the bare loop | peak resident, of a processor | its own, without pages of files |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
  writeResult('purchases-embedded', { machine, measured }, table);
}
