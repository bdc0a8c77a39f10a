import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { type FusePoint, lastWords } from './fuse.ts';
import { LateRows } from './late-rows.ts';
import { Load, type LoadMix } from './load.ts';
import { NodePair } from './node-pair.ts';
import { TICK_MS, tickOf } from './ticks.ts';
import { within } from './within.ts';

export type Pause = {
  /** Where the node stands still. */
  readonly point: FusePoint;
  /** At least so long; and until the other one has taken over and has decided for a while. */
  readonly pausedMs: number;
};

export type PauseOptions = {
  readonly kafkaPort: number;
  /** As `--journal` takes it. */
  readonly journal: string;
  /** Of one node, then of the other: who is fenced twice within a minute ends for good. */
  readonly pauses: readonly [Pause, Pause];
  readonly messagesPerSecond: number;
  readonly conversationCount: number;
  readonly seed: number;
  readonly mix?: LoadMix;
  readonly say: (sentence: string) => void;
};

export type PauseResult = {
  /** Acknowledged records of the input topic. */
  readonly messageCount: number;
  /** What each node tells of its locality. */
  readonly localities: readonly number[];
};

const PARTITION_COUNT = 12;
/** What the node says that gives shards up. */
const HAND_OVER = /Starting rebalance for shards \[\d+(,\d+)*\]\. Current shards rebalancing: \[\]/;
/** Where a transaction is open: the other node does not wait until Kafka gives it up, and what the one that wakes goes on to send of it is refused. */
const OPEN_POINTS: ReadonlySet<FusePoint> = new Set(['offsets-sent', 'end-unsent']);
const RUNS_HERE = /Shard \d+ runs here\./;

/** Of a group of ours: nobody waits longer for a member that is silent. */
const SESSION_MS = 6_000;
/**
 * From there on: the other node hears of the rebalance with its next heartbeat (0.25 s), both rounds of it, what the dead one left (its open transaction is fenced), the lease (1 s), and what a broker
 * that is kept from the processor may add to its own six seconds. Less than a second session, which who waited for the silent one in the rebalance, too, would take.
 */
const TAKE_OVER_MS = 5_000;
/** A node that wakes finds by its own clock that its session is over: it asks nobody, and drops its shards. */
const DROP_MS = 1_000;

/** The new owner decides for so long before the old one wakes. */
const DECIDED_MS = 1_000;

/**
 * Two nodes under load; one after the other is stopped (SIGSTOP) in the middle of something, for longer than its session, and goes on (SIGCONT) when the other one has its shards. It drops
 * them, joins again and gets its share. Resolves when everything is through and both have stopped.
 */
export async function pauseThrough(options: PauseOptions): Promise<PauseResult> {
  const { kafkaPort, journal, say } = options;
  const bootstrap = [{ host: '127.0.0.1', port: kafkaPort }];
  const log = openKafkaLog({ bootstrap, clientId: 'load', requestTimeoutMs: 30_000 });
  await using pair = await NodePair.start({ kafkaPort, journal, partitionCount: PARTITION_COUNT });
  const load = new Load({ ...options, log, partitionCount: PARTITION_COUNT });
  const loaded = load.run();
  try {
    const [first, second] = options.pauses;
    await pauseOnce(pair, 0, first, options);
    await pauseOnce(pair, 1, second, options);
    load.stop();
    await loaded;
    assert.equal(load.failedCount, 0);
    await pair.untilThrough();
    const localities = await Promise.all(
      pair.nodes.map((node) => node.metric('chatcluster_locality_ratio')),
    );
    await pair.stop();
    return { messageCount: load.messageCount, localities };
  } catch (error) {
    say(pair.log());
    throw error;
  } finally {
    load.stop();
    await log.close();
  }
}

async function pauseOnce(
  pair: NodePair,
  victim: 0 | 1,
  { point, pausedMs }: Pause,
  { journal, say }: PauseOptions,
): Promise<void> {
  const { program } = pair.node(victim);
  const other = pair.node(victim === 0 ? 1 : 0);
  await pair.untilSettled();
  const otherSaidBefore = other.program.stderr.length;
  const otherTicksBefore = await other.ticks();
  const victimSaidBefore = program.stderr.length;
  await pair.pause(victim, point);
  const startMs = performance.now();
  await pair.untilAlone(victim === 0 ? 1 : 0);
  const saidByOther = (): string => other.program.stderr.slice(otherSaidBefore);
  const waitedTicks = lastTick(saidByOther(), RUNS_HERE) - otherTicksBefore;
  assert.ok(waitedTicks > 0, `The other node tells what it took over.\n${saidByOther()}`);
  assert.ok(
    waitedTicks * TICK_MS <= SESSION_MS + TAKE_OVER_MS,
    `The other node waited for ${waitedTicks} ticks.\n${saidByOther()}`,
  );
  if (OPEN_POINTS.has(point)) assert.match(saidByOther(), /Fencing the open transaction/);
  const aloneMs = performance.now() - startMs;
  await delay(Math.max(DECIDED_MS, pausedMs - aloneMs));
  const saidAsleep = program.stderr.slice(victimSaidBefore);
  const saidBefore = program.stderr.length;
  const lateRows = point === 'rows-unsent' ? await LateRows.before(journal, saidAsleep) : undefined;
  pair.wake(victim);
  await pair.untilSettled();
  // The group is settled before the shards run that it gave.
  const hasHandedOver = (): boolean =>
    HAND_OVER.test(saidByOther()) && RUNS_HERE.test(program.stderr.slice(saidBefore));
  await within(TAKE_OVER_MS, async () =>
    hasHandedOver() ? undefined : 'No shard that was handed back runs yet.',
  );
  const saidAwake = (): string => program.stderr.slice(saidBefore);
  if (OPEN_POINTS.has(point)) assert.match(saidAwake(), /This worker was fenced/);
  await lateRows?.assertNothingChanges(saidAwake);
  const { droppedTick, silences } = whatItSaid(saidAwake());
  const awakeTicks = droppedTick - lastTick(saidAsleep, new RegExp(lastWords(point)));
  assert.ok(
    awakeTicks * TICK_MS <= DROP_MS,
    `It dropped its shards ${awakeTicks} ticks after it woke.\n${saidAwake()}`,
  );
  say(`The shards that it got were silent for ${silences.join(', ')} ms.`);
  say(
    `Paused at ${point}: the other node had all shards after ${aloneMs.toFixed(0)} ms, ${waitedTicks} ticks of ${TICK_MS} ms; woken after ${pausedMs} ms, it had dropped its own within ${awakeTicks}.`,
  );
}

/** The ticks of the last line that says so; -1 if none does. */
function lastTick(said: string, sentence: RegExp): number {
  return tickOf(said.split('\n').findLast((line) => sentence.test(line)) ?? '') ?? -1;
}

/** What a node says that wakes: first that it is out of the group and has dropped its shards, whoever has them; only then it gets some. */
function whatItSaid(stderr: string): {
  readonly droppedTick: number;
  readonly silences: readonly string[];
} {
  const lines = stderr.split('\n');
  const isDropped = /Shard \d+ was dropped\. (?!It was assigned)/;
  const isAssigned = /Partition \[\d+\] assigned to current node\. Updating shard allocation/;
  const dropped = lines.findLastIndex((line) => isDropped.test(line));
  const assigned = lines.findIndex((line) => isAssigned.test(line));
  assert.ok(dropped >= 0 && assigned > dropped, `It drops its shards, then gets some.\n${stderr}`);
  const silences = [...stderr.matchAll(/Shard \d+ runs here\. It was silent for (\d+) ms/g)];
  assert.ok(
    silences.length > 0,
    `It tells how long the shards that it gets were silent.\n${stderr}`,
  );
  return {
    droppedTick: tickOf(lines[dropped] ?? '') ?? assert.fail('Each line has its tick.'),
    silences: silences.map(([, ms = '']) => ms),
  };
}
