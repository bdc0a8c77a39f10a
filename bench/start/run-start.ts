import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { preload } from '../chat/load.ts';
import { readMetrics } from '../chat/node-metrics.ts';
import { startChild, type Child } from '../child.ts';
import { describeMachine, machineLine } from '../machine.ts';
import { writeResult } from '../write-result.ts';

const KAFKA_PORT = 19_730;
const HTTP_PORT = 19_731;
export const MANAGEMENT_PORT = 19_732;
const CONVERSATION_COUNT = 1_000;
const POLL_MS = 5;
/** Messages that are under way when the process is killed. */
const LOAD_COUNT = 200_000;

/** From starting the process of `npm start` until /ready says yes: in an empty folder, after many messages and a clean stop, and after a kill -9 under load. */
export async function runStart(options: { readonly messageCount: number }): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'chat-bench-'));
  try {
    const empty = await startUntilReady(dir);
    await load(options.messageCount);
    await untilJournaled(options.messageCount);
    await empty.child.stop();
    const full = await startUntilReady(dir);
    await load(LOAD_COUNT);
    await full.child.kill();
    const killed = await startUntilReady(dir);
    await killed.child.stop();
    report(options.messageCount, [empty.readyMs, full.readyMs, killed.readyMs]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function startUntilReady(
  dir: string,
): Promise<{ readonly child: Child; readonly readyMs: number }> {
  const startMs = performance.now();
  const child = startChild([
    process.execPath,
    join(import.meta.dirname, '../../apps/local/src/start.ts'),
    ...['--data-dir', dir, '--kafka-port', String(KAFKA_PORT)],
    ...['--http-port', String(HTTP_PORT), '--management-port', String(MANAGEMENT_PORT)],
  ]);
  while (!(await isReady())) await delay(POLL_MS);
  return { child, readyMs: performance.now() - startMs };
}

/** Ready, and every shard running. */
async function isReady(): Promise<boolean> {
  try {
    const base = `http://127.0.0.1:${MANAGEMENT_PORT}`;
    if (!(await fetch(`${base}/ready`)).ok) return false;
    const shards: unknown = await (
      await fetch(`${base}/cluster/shards/conversation?detail`)
    ).json();
    const { regions } = shards as { readonly regions: readonly { readonly phase: string }[] };
    return regions.length > 0 && regions.every(({ phase }) => phase === 'running');
  } catch {
    return false;
  }
}

async function load(messageCount: number): Promise<void> {
  const log = openKafkaLog({
    bootstrap: [{ host: '127.0.0.1', port: KAFKA_PORT }],
    clientId: 'start-bench',
  });
  await preload(log, 'instant_message_in', { messageCount, conversationCount: CONVERSATION_COUNT });
  await log.close();
}

async function untilJournaled(count: number): Promise<void> {
  while ((await readMetrics(MANAGEMENT_PORT)).eventsJournaled < count) {
    await delay(100);
  }
}

function report(messageCount: number, readyMs: readonly [number, number, number]): void {
  const machine = describeMachine();
  const [empty, full, killed] = readyMs.map((ms) => `${(ms / 1_000).toFixed(2)} s`);
  const table = [
    '# Start to ready, embedded',
    '',
    `${machineLine(machine)}. From starting the process until /ready says yes and every shard runs.`,
    '',
    '| | |',
    '| --- | --- |',
    `| empty folder | ${empty} |`,
    `| after ${messageCount} messages and a clean stop | ${full} |`,
    `| after kill -9 with ${LOAD_COUNT} messages under way | ${killed} |`,
    '',
  ].join('\n');
  writeResult('start-embedded', { machine, messageCount, readyMs }, table);
}
