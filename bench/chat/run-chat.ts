import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startChild } from '../child.ts';
import type { Span } from '../profile/cpu-profile.ts';
import { writeProfile } from '../profile/write-profile.ts';
import {
  clusterBackend,
  embeddedBackend,
  type Backend,
  type NodeProcesses,
  type Pids,
} from './backend.ts';
import { createTopics, PARTITION_COUNT, preload } from './load.ts';
import { delayQuantile, readMetrics } from './node-metrics.ts';
import { pacedLatency } from './paced.ts';
import { cpuMicrosByThread, memoryBytes } from './process-usage.ts';
import {
  writeReport,
  type BareRun,
  type ChatReport,
  type ChatRun,
  type Throughput,
} from './report.ts';

export type ChatBenchOptions = {
  readonly backend: 'embedded' | 'cluster';
  readonly messageCount: number;
  readonly conversationCount: number;
  readonly pacedSeconds: number;
  readonly ratePerSecond: number;
  /** Keeps where the node's threads spend their time, instead of figures. */
  readonly profile: boolean;
};

const POLL_MS = 50;

export async function runChat(options: ChatBenchOptions): Promise<void> {
  const backend = options.backend === 'embedded' ? embeddedBackend() : await clusterBackend();
  try {
    const preloaded = await backend.startLog();
    await withLog(backend, async (log) => {
      await createTopics(log);
      say(`Preloading ${options.messageCount} messages …`);
      await preload(log, 'instant_message_in', options);
      await preload(log, 'bare_in', options);
    });
    await preloaded.stop();
    if (options.profile) {
      await profileNode(backend, options);
      return;
    }
    const node = await runNode(backend, options);
    const bare = await runBare(backend, options);
    const { profile: _, ...settings } = options;
    const report: ChatReport = { ...settings, node, bare };
    writeReport(report);
  } finally {
    await backend.remove();
  }
}

async function profileNode(backend: Backend, options: ChatBenchOptions): Promise<void> {
  say('One node, profiled …');
  const dir = mkdtempSync(join(tmpdir(), 'chat-profile-'));
  const node = await backend.startNode(dir);
  const { secondHalf } = await watchNode(backend, options, node);
  await node.stop();
  writeProfile(`chat-${options.backend}-${options.messageCount}-${options.conversationCount}`, {
    dir,
    span: secondHalf,
    messageCount: options.messageCount / 2,
  });
  rmSync(dir, { recursive: true });
}

function watchNode(
  backend: Backend,
  { messageCount }: ChatBenchOptions,
  { pids }: NodeProcesses,
): Promise<Watched> {
  return watch({
    target: messageCount,
    pids,
    count: async () => {
      const { eventsCommitted, eventsJournaled } = await readMetrics(backend.managementPort);
      return { out: eventsCommitted, done: eventsJournaled };
    },
  });
}

async function runNode(backend: Backend, options: ChatBenchOptions): Promise<ChatRun> {
  say('One node …');
  const node = await backend.startNode(undefined);
  const { throughput } = await watchNode(backend, options, node);
  const memory = memoryBytes(node.nodePid);
  say(`Paced at ${options.ratePerSecond} messages/s …`);
  let before = await readMetrics(backend.managementPort);
  const latency = await withLog(backend, (log) =>
    pacedLatency(
      log,
      { input: 'instant_message_in', output: 'instant_message_out' },
      { ...options, seconds: options.pacedSeconds },
      async () => {
        before = await readMetrics(backend.managementPort);
      },
    ),
  );
  const after = await readMetrics(backend.managementPort);
  await node.stop();
  return {
    ...throughput,
    memory,
    latency,
    journalDelayP99Ms: delayQuantile(before, after, 0.99) * 1_000,
  };
}

async function runBare(backend: Backend, options: ChatBenchOptions): Promise<BareRun> {
  say('The bare loop …');
  const broker = await backend.startLog();
  let count = 0;
  const loop = startChild(
    [
      process.execPath,
      join(import.meta.dirname, '../bare-loop.ts'),
      ...[String(backend.kafkaPort), String(PARTITION_COUNT), 'chat'],
    ],
    (line) => {
      count = Number(line);
    },
  );
  const { throughput } = await watch({
    target: options.messageCount,
    pids: { loop: loop.pid, ...broker.pids },
    count: () => Promise.resolve({ out: count, done: count }),
  });
  const latency = await withLog(backend, (log) =>
    pacedLatency(
      log,
      { input: 'bare_in', output: 'bare_out' },
      { ...options, seconds: options.pacedSeconds },
      () => Promise.resolve(),
    ),
  );
  await loop.stop();
  await broker.stop();
  return { ...throughput, latency };
}

/** From the first output until everything is done, and over the second half. */
async function watch(run: {
  readonly target: number;
  readonly pids: Pids;
  readonly count: () => Promise<{ readonly out: number; readonly done: number }>;
}): Promise<Watched> {
  const state = (done: number): RunState => {
    return { ms: monotonicMs(), done, cpu: cpuOf(run.pids) };
  };
  let first: RunState | undefined;
  let half: RunState | undefined;
  for (;;) {
    const { out, done } = await run.count();
    if (out > 0) first ??= state(done);
    if (done >= run.target / 2) half ??= state(done);
    if (done >= run.target && first !== undefined && half !== undefined) {
      const last = state(run.target);
      return {
        throughput: {
          perSecond: perSecond(first, last),
          perSecondSecondHalf: perSecond(half, last),
          cpuMicrosPerMessage: totals(cpuPerMessage(first, last)),
          cpuMicrosPerMessageSecondHalf: totals(cpuPerMessage(half, last)),
          cpuMicrosByThreadSecondHalf: cpuPerMessage(half, last),
        },
        secondHalf: { fromMicros: half.ms * 1_000, toMicros: last.ms * 1_000 },
      };
    }
    await delay(POLL_MS);
  }
}

type Watched = { readonly throughput: Throughput; readonly secondHalf: Span };

/** Of the clock that profiles of other processes are written by, too. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}

/** CPU time by process, and in it by what threads are for. */
type Cpu = Readonly<Record<string, Readonly<Record<string, number>>>>;

type RunState = { readonly ms: number; readonly done: number; readonly cpu: Cpu };

function perSecond(from: RunState, to: RunState): number {
  return ((to.done - from.done) / (to.ms - from.ms)) * 1_000;
}

function cpuPerMessage(from: RunState, to: RunState): Cpu {
  const perMessage = (name: string, kind: string, micros: number): number =>
    (micros - (from.cpu[name]?.[kind] ?? 0)) / (to.done - from.done);
  return mapValues(to.cpu, (kinds, name) =>
    mapValues(kinds, (micros, kind) => perMessage(name, kind, micros)),
  );
}

function totals(cpu: Cpu): Record<string, number> {
  return mapValues(cpu, (kinds) => Object.values(kinds).reduce((sum, micros) => sum + micros, 0));
}

function cpuOf(pids: Pids): Cpu {
  return mapValues(pids, cpuMicrosByThread);
}

function mapValues<In, Out>(
  record: Readonly<Record<string, In>>,
  change: (value: In, key: string) => Out,
): Record<string, Out> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [key, change(value, key)]),
  );
}

async function withLog<T>(backend: Backend, work: (log: Log) => Promise<T>): Promise<T> {
  const log = openKafkaLog({
    bootstrap: [{ host: '127.0.0.1', port: backend.kafkaPort }],
    clientId: 'chat-bench',
  });
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
