import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { startChild } from '../child.ts';
import { clusterBackend, embeddedBackend, type Backend, type Pids } from './backend.ts';
import { createTopics, PARTITION_COUNT, preload } from './load.ts';
import { delayQuantile, readMetrics } from './node-metrics.ts';
import { pacedLatency } from './paced.ts';
import { cpuMicros, memoryBytes } from './process-usage.ts';
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
    const node = await runNode(backend, options);
    const bare = await runBare(backend, options);
    const report: ChatReport = { ...options, node, bare };
    writeReport(report);
  } finally {
    await backend.remove();
  }
}

async function runNode(backend: Backend, options: ChatBenchOptions): Promise<ChatRun> {
  say('One node …');
  const node = await backend.startNode();
  const throughput = await watch({
    target: options.messageCount,
    pids: node.pids,
    count: async () => {
      const { eventsCommitted, eventsJournaled } = await readMetrics(backend.managementPort);
      return { out: eventsCommitted, done: eventsJournaled };
    },
  });
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
  const throughput = await watch({
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
}): Promise<Throughput> {
  const state = (done: number): RunState => {
    return { ms: performance.now(), done, cpu: cpuOf(run.pids) };
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
        perSecond: perSecond(first, last),
        perSecondSecondHalf: perSecond(half, last),
        cpuMicrosPerMessage: cpuPerMessage(first, last),
        cpuMicrosPerMessageSecondHalf: cpuPerMessage(half, last),
      };
    }
    await delay(POLL_MS);
  }
}

type RunState = {
  readonly ms: number;
  readonly done: number;
  readonly cpu: Readonly<Record<string, number>>;
};

function perSecond(from: RunState, to: RunState): number {
  return ((to.done - from.done) / (to.ms - from.ms)) * 1_000;
}

function cpuPerMessage(from: RunState, to: RunState): Record<string, number> {
  const entries = Object.entries(to.cpu).map(([name, micros]): [string, number] => {
    return [name, (micros - (from.cpu[name] ?? 0)) / (to.done - from.done)];
  });
  return Object.fromEntries(entries);
}

function cpuOf(pids: Pids): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuMicros(pid)]));
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
