import { seededRandom } from '@chat-cluster/kernel';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { type FusePoint, fusePoints } from './fuse.ts';
import { Load, type LoadCounts } from './load.ts';
import { NodePair } from './node-pair.ts';

export type RollingOptions = {
  readonly kafkaPort: number;
  /** As `--journal` takes it. */
  readonly journal: string;
  readonly messagesMin: number;
  readonly messagesPerSecond: number;
  readonly conversationCount: number;
  readonly seed: number;
  /** Called once under way, between two kills. */
  readonly meanwhile?: () => Promise<void>;
  readonly say: (sentence: string) => void;
};

export type RollingResult = {
  /** Acknowledged records of the input topic. */
  readonly messageCount: number;
  readonly counts: LoadCounts;
  /** Records whose sender was never told whether they were written. */
  readonly failedCount: number;
  /** Where nodes died by their fuses, in this order. */
  readonly blown: readonly FusePoint[];
  /** The other kills of nodes, which hit them wherever they were. */
  readonly blindKillCount: number;
  readonly restartCount: number;
};

const PARTITION_COUNT = 12;
/** A point is crossed some times before the node dies there, so that it is not always the first time. */
const CROSSING_MAX = 12;
/** Rolling restarts come before the kills with these numbers, and after the last one. */
const ROLLING_BEFORE = [4, 9];

/**
 * Two nodes under load; one after the other is killed at every fuse point, in turns either started again at once or only after
 * the other one has taken everything over; between them rolling restarts. Resolves when everything is through and both have stopped.
 */
export async function rollThrough(options: RollingOptions): Promise<RollingResult> {
  const { kafkaPort, journal } = options;
  const say = timed(options.say);
  const bootstrap = [{ host: '127.0.0.1', port: kafkaPort }];
  const log = openKafkaLog({ bootstrap, clientId: 'load', requestTimeoutMs: 30_000 });
  await using pair = await NodePair.start({ kafkaPort, journal, partitionCount: PARTITION_COUNT });
  const load = new Load({ ...options, log, partitionCount: PARTITION_COUNT });
  const loaded = load.run();
  try {
    const counts = await killAndRestart(pair, { ...options, say });
    while (load.messageCount < options.messagesMin) await pair.untilSettled();
    load.stop();
    await loaded;
    say(`${load.messageCount} messages sent; waiting until all are through.`);
    await pair.untilThrough();
    await pair.stop();
    const { messageCount, failedCount } = load;
    return { ...counts, messageCount, failedCount, counts: load.counts };
  } catch (error) {
    say(pair.log());
    throw error;
  } finally {
    load.stop();
    await log.close();
  }
}

async function killAndRestart(
  pair: NodePair,
  { seed, say, meanwhile }: RollingOptions,
): Promise<Pick<RollingResult, 'blown' | 'blindKillCount' | 'restartCount'>> {
  const random = seededRandom(seed);
  const blown: FusePoint[] = [];
  let restartCount = 0;
  let blindKillCount = 0;
  const roll = async (): Promise<void> => {
    for (const index of [0, 1] as const) {
      await pair.untilSettled();
      await pair.restart(index);
      restartCount += 1;
    }
    say('Both nodes were restarted.');
  };
  for (const [number, point] of fusePoints.entries()) {
    if (ROLLING_BEFORE.includes(number)) await roll();
    const victim = (number % 2) as 0 | 1;
    await pair.untilSettled();
    if (point === 'taking-over') {
      await killBothAtTakingOver(pair, victim);
      blindKillCount += 1;
    } else await pair.blow(victim, { point, crossing: 1 + random.below(CROSSING_MAX) });
    blown.push(point);
    const isReplaced = number % 4 >= 2;
    if (isReplaced) await pair.untilSettled();
    await pair.revive(victim);
    say(`Node ${victim} died at ${point}${isReplaced ? '; the other one took over' : ''}.`);
    if (number === MEANWHILE_AFTER) await meanwhile?.();
  }
  await roll();
  return { blown, blindKillCount, restartCount };
}

const MEANWHILE_AFTER = 6;

/** It takes over when the other one dies: then both are dead. Starts the other one again. */
async function killBothAtTakingOver(pair: NodePair, victim: 0 | 1): Promise<void> {
  const other = victim === 0 ? 1 : 0;
  pair.node(victim).arm({ point: 'taking-over', crossing: 1 });
  await pair.node(other).program.kill();
  await pair.untilBlown(victim, 'taking-over');
  await pair.revive(other);
}

function timed(say: (sentence: string) => void): (sentence: string) => void {
  const startMs = performance.now();
  return (sentence) => say(`${((performance.now() - startMs) / 1_000).toFixed(0)} s: ${sentence}`);
}
