import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { createTopics, PARTITION_COUNT } from '../chat/load.ts';
import { describeMachine, machineLine } from '../machine.ts';
import { type Quantiles, quantilesOf } from '../quantiles.ts';
import { writeResult } from '../write-result.ts';
import { BARE_TOPICS, BareGroup } from './bare-group.ts';
import { homeOf, type LoadTopics, SteadyLoad } from './steady-load.ts';
import { type NodeIndex, TwoNodes } from './two-nodes.ts';

export type HandOverOptions = {
  readonly rounds: number;
  readonly ratePerSecond: number;
  readonly conversationCount: number;
};

const WARM_MS = 45_000;
/** Of the bare group: Kafka is warm by then. */
const BARE_WARM_MS = 15_000;
/** After a round has balanced the shards again. */
const SETTLE_MS = 4_000;
/** How long a round is watched after the node has gone. */
const WATCH_MS = 6_000;

/** Milliseconds, ascending. */
type Sample = number[];

/** What is killed and stopped: two chat nodes, or two members of a bare group. */
type Pair = {
  shardsOf(index: NodeIndex): Promise<readonly number[]>;
  /** SIGKILL. */
  kill(index: NodeIndex): Promise<void>;
  /** SIGTERM. */
  stop(index: NodeIndex): Promise<void>;
  /** Resolves when it is there again, and has its half. */
  comeBack(index: NodeIndex): Promise<void>;
};

type Samples = { readonly killed: Sample; readonly stopped: Sample };

type HandedOver = Samples & {
  /** Of the first kill and the first stop, when nobody has read a conversation from the journal yet, and no server has compiled what does: told by itself. */
  readonly first: Samples;
  readonly sentCount: number;
};

/**
 * Two nodes on real Kafka and Cassandra under a steady load. In turns one of them is killed (SIGKILL), and stopped (SIGTERM), and comes back. Of a kill: for each of its shards, the time from the kill until a message
 * that was sent after it is in the hand of a read_committed reader. Of a stop: for each conversation of its shards, the longest that one of its messages took meanwhile. Then the same with a bare group: it consumes, transforms
 * and produces, and has no engine, no state and no storage. The first round of all is not in the figures, but told beside them.
 */
export async function runHandOver(options: HandOverOptions): Promise<void> {
  const nodes = await TwoNodes.start();
  const log = openKafkaLog({
    bootstrap: [{ host: '127.0.0.1', port: nodes.kafkaPort }],
    clientId: 'hand-over-bench',
  });
  try {
    await createTopics(log);
    say('Two nodes. Warming up …');
    const ofNodes = await handOver({ log, pair: pairOf(nodes), warmMs: WARM_MS }, options);
    await Promise.all([nodes.stopNode(0), nodes.stopNode(1)]);
    const group = await BareGroup.start(nodes.kafkaPort);
    try {
      say('The bare group. Warming up …');
      const pair = barePairOf(group, log);
      const load = { topics: BARE_TOPICS, warmMs: BARE_WARM_MS };
      report(options, { ofNodes, ofBare: await handOver({ log, pair, ...load }, options) });
    } finally {
      await group.remove();
    }
  } finally {
    await log.close();
    await nodes.remove();
  }
}

function pairOf(nodes: TwoNodes): Pair {
  return {
    shardsOf: async (index) => (await nodes.shardsOf(index)).map(({ shardId }) => Number(shardId)),
    kill: (index) => nodes.kill(index),
    stop: (index) => nodes.stopNode(index),
    comeBack: async (index) => {
      await nodes.startNode(index);
      await nodes.balanced(PARTITION_COUNT);
    },
  };
}

function barePairOf(group: BareGroup, log: Log): Pair {
  return {
    shardsOf: (index) => Promise.resolve(group.partitionsOf(index)),
    kill: (index) => group.kill(index, log.admin),
    stop: (index) => group.stopMember(index),
    comeBack: (index) => group.startMember(index),
  };
}

async function handOver(
  {
    log,
    pair,
    topics,
    warmMs,
  }: {
    readonly log: Log;
    readonly pair: Pair;
    readonly topics?: LoadTopics;
    readonly warmMs: number;
  },
  options: HandOverOptions,
): Promise<HandedOver> {
  const counts = { ...options, partitionCount: PARTITION_COUNT };
  const load = new SteadyLoad(log, { ...counts, ...(topics && { topics }) });
  await load.start();
  await delay(warmMs);
  const first: Samples = { killed: [], stopped: [] };
  const others: Samples = { killed: [], stopped: [] };
  for (let round = 0; round <= options.rounds; round++) {
    const { killed, stopped } = round === 0 ? first : others;
    const victim: NodeIndex = round % 2 === 0 ? 0 : 1;
    const ofKill = await killOne(pair, load, victim);
    killed.push(...ofKill);
    say(`Round ${round}: killed, most ${Math.round(Math.max(...ofKill))} ms`);
    await comeBack(pair, victim);
    const other: NodeIndex = victim === 0 ? 1 : 0;
    const silences = await stopOne(pair, load, other);
    stopped.push(...silences);
    say(`Round ${round}: stopped, most ${Math.round(Math.max(...silences))} ms`);
    await comeBack(pair, other);
    load.check();
  }
  await load.end();
  return { ...others, first, sentCount: load.sentCount };
}

async function killOne(pair: Pair, load: SteadyLoad, victim: NodeIndex): Promise<Sample> {
  const shards = await pair.shardsOf(victim);
  load.forget();
  const killedMs = performance.now();
  await pair.kill(victim);
  await delay(WATCH_MS);
  return shards.map((shard) => {
    const next = load.arrivals.find(
      ({ conversation, sentMs }) =>
        sentMs > killedMs && homeOf(conversation, PARTITION_COUNT) === shard,
    );
    return next === undefined ? WATCH_MS : next.arrivedMs - killedMs;
  });
}

async function stopOne(pair: Pair, load: SteadyLoad, victim: NodeIndex): Promise<Sample> {
  const shards = new Set(await pair.shardsOf(victim));
  load.forget();
  void pair.stop(victim);
  await delay(WATCH_MS);
  const longest = new Map<number, number>();
  for (const { arrivedMs, conversation, sentMs } of load.arrivals) {
    if (!shards.has(homeOf(conversation, PARTITION_COUNT))) continue;
    longest.set(conversation, Math.max(longest.get(conversation) ?? 0, arrivedMs - sentMs));
  }
  return [...longest.values()];
}

async function comeBack(pair: Pair, index: NodeIndex): Promise<void> {
  await pair.comeBack(index);
  await delay(SETTLE_MS);
}

function report(
  options: HandOverOptions,
  { ofNodes, ofBare }: { readonly ofNodes: HandedOver; readonly ofBare: HandedOver },
): void {
  const machine = describeMachine();
  const { ratePerSecond, rounds } = options;
  const [nodes, bare] = [figuresOf(ofNodes), figuresOf(ofBare)];
  const table = [
    '# Hand-over: two nodes on Kafka and Cassandra',
    '',
    `${machineLine(machine)}. ${ratePerSecond} messages/s in ${options.conversationCount} conversations, ${PARTITION_COUNT} shards; ${rounds} kills and ${rounds} stops in turns, each of one of two nodes. Of ${ofNodes.sentCount} messages none was lost, repeated or out of order.`,
    '',
    'The bare group consumes, transforms and produces in transactions with the same client, in the same run, after the nodes have stopped: no engine, no state, no storage. Its dead member is taken out of the group as soon as its process is gone, as nodes do for each other; by itself it would stay for its session time-out, 6 s.',
    '',
    '| | p50 | p99 | most | bare group: p50 | p99 | most |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    row(
      'kill -9: a shard, from the kill to a later message in the hand of a read_committed reader',
      nodes.kills,
      bare.kills,
    ),
    row(
      'SIGTERM: a conversation, the longest that one of its messages took',
      nodes.stops,
      bare.stops,
    ),
    row(
      'the first kill after all has started (not in the line above)',
      nodes.firstKill,
      bare.firstKill,
    ),
    row('the first stop, likewise', nodes.firstStop, bare.firstStop),
    '',
  ].join('\n');
  writeResult('hand-over-cluster', { machine, ...options, nodes, bare }, table);
}

function figuresOf({ first, killed, stopped, sentCount }: HandedOver) {
  return {
    sentCount,
    kills: quantilesOf(killed),
    stops: quantilesOf(stopped),
    firstKill: quantilesOf(first.killed),
    firstStop: quantilesOf(first.stopped),
  };
}

function row(name: string, ...columns: readonly Quantiles[]): string {
  const values = columns.flatMap(({ p50, p99, max }) => [p50, p99, max]);
  return `| ${name} | ${values.map((value) => `${Math.round(value)} ms`).join(' | ')} |`;
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
