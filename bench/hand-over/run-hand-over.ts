import { openKafkaLog } from '@chat-cluster/log-kafka';
import { createTopics, PARTITION_COUNT } from '../chat/load.ts';
import { describeMachine, machineLine } from '../machine.ts';
import { writeResult } from '../write-result.ts';
import { homeOf, SteadyLoad } from './steady-load.ts';
import { type NodeIndex, TwoNodes } from './two-nodes.ts';

export type HandOverOptions = {
  readonly rounds: number;
  readonly ratePerSecond: number;
  readonly conversationCount: number;
};

const WARM_MS = 45_000;
/** After a round has balanced the shards again. */
const SETTLE_MS = 4_000;
/** How long a round is watched after the node has gone. */
const WATCH_MS = 6_000;

/** Milliseconds, ascending. */
type Sample = number[];

/**
 * Two nodes on real Kafka and Cassandra under a steady load. In turns one of them is killed (SIGKILL), and stopped (SIGTERM), and comes back. Of a kill: for each of its shards, the time from the kill until a message
 * that was sent after it is in the hand of a read_committed reader. Of a stop: for each conversation of its shards, the longest that one of its messages took meanwhile.
 */
export async function runHandOver(options: HandOverOptions): Promise<void> {
  const nodes = await TwoNodes.start();
  const log = openKafkaLog({
    bootstrap: [{ host: '127.0.0.1', port: nodes.kafkaPort }],
    clientId: 'hand-over-bench',
  });
  try {
    await createTopics(log);
    const load = new SteadyLoad(log, { ...options, partitionCount: PARTITION_COUNT });
    await load.start();
    say('Warming up …');
    await pause(WARM_MS);
    const killed: Sample = [];
    const stopped: Sample = [];
    for (let round = 0; round < options.rounds; round++) {
      const victim: NodeIndex = round % 2 === 0 ? 0 : 1;
      killed.push(...(await killOne(nodes, load, victim)));
      say(
        `Round ${round + 1}: killed, most ${Math.round(Math.max(...killed.slice(-PARTITION_COUNT / 2)))} ms`,
      );
      await comeBack(nodes, victim);
      const other: NodeIndex = victim === 0 ? 1 : 0;
      const silences = await stopOne(nodes, load, other);
      stopped.push(...silences);
      say(`Round ${round + 1}: stopped, most ${Math.round(Math.max(...silences))} ms`);
      await comeBack(nodes, other);
      load.check();
    }
    await load.end();
    report(options, { killed, stopped, sentCount: load.sentCount });
  } finally {
    await log.close();
    await nodes.remove();
  }
}

async function killOne(nodes: TwoNodes, load: SteadyLoad, victim: NodeIndex): Promise<Sample> {
  const shards = (await nodes.shardsOf(victim)).map(({ shardId }) => Number(shardId));
  load.forget();
  const killedMs = performance.now();
  await nodes.kill(victim);
  await pause(WATCH_MS);
  return shards.map((shard) => {
    const next = load.arrivals.find(
      ({ conversation, sentMs }) =>
        sentMs > killedMs && homeOf(conversation, PARTITION_COUNT) === shard,
    );
    return next === undefined ? WATCH_MS : next.arrivedMs - killedMs;
  });
}

async function stopOne(nodes: TwoNodes, load: SteadyLoad, victim: NodeIndex): Promise<Sample> {
  const shards = new Set((await nodes.shardsOf(victim)).map(({ shardId }) => Number(shardId)));
  load.forget();
  void nodes.stopNode(victim);
  await pause(WATCH_MS);
  const longest = new Map<number, number>();
  for (const { arrivedMs, conversation, sentMs } of load.arrivals) {
    if (!shards.has(homeOf(conversation, PARTITION_COUNT))) continue;
    longest.set(conversation, Math.max(longest.get(conversation) ?? 0, arrivedMs - sentMs));
  }
  return [...longest.values()];
}

async function comeBack(nodes: TwoNodes, index: NodeIndex): Promise<void> {
  await nodes.startNode(index);
  await nodes.balanced(PARTITION_COUNT);
  await pause(SETTLE_MS);
}

function report(
  options: HandOverOptions,
  { killed, sentCount, stopped }: { killed: Sample; stopped: Sample; sentCount: number },
): void {
  const machine = describeMachine();
  const { ratePerSecond, rounds } = options;
  const kills = { p50: at(killed, 0.5), p99: at(killed, 0.99), max: at(killed, 1) };
  const stops = { p50: at(stopped, 0.5), p99: at(stopped, 0.99), max: at(stopped, 1) };
  const row = (name: string, { max, p50, p99 }: typeof kills): string =>
    `| ${name} | ${[p50, p99, max].map((value) => `${Math.round(value)} ms`).join(' | ')} |`;
  const table = [
    '# Hand-over: two nodes on Kafka and Cassandra',
    '',
    `${machineLine(machine)}. ${ratePerSecond} messages/s in ${options.conversationCount} conversations, ${PARTITION_COUNT} shards; ${rounds} kills and ${rounds} stops in turns, each of one of two nodes. Of ${sentCount} messages none was lost, repeated or out of order.`,
    '',
    '| | p50 | p99 | most |',
    '| --- | --- | --- | --- |',
    row(
      'kill -9: a shard, from the kill to a later message in the hand of a read_committed reader',
      kills,
    ),
    row('SIGTERM: a conversation, the longest that one of its messages took', stops),
    '',
  ].join('\n');
  writeResult('hand-over-cluster', { machine, ...options, sentCount, kills, stops }, table);
}

function at(sample: Sample, share: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
