import { setTimeout as delay } from 'node:timers/promises';
import { boundHeap } from '@chat-cluster/app-chat-node/bound-heap';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import { describeMachine, machineLine } from '../machine.ts';
import { preloadPurchases } from '../purchases/preload-purchases.ts';
import { PurchasesCluster } from '../purchases/purchases-cluster.ts';
import { quantilesOf } from '../quantiles.ts';
import { writeResult } from '../write-result.ts';
import { OwnedUsers } from './owned-users.ts';
import { type Queried, QueryLoad } from './query-load.ts';

export type QueriesBenchOptions = { readonly ratePerSecond: number; readonly handOvers: number };

const PARTITION_COUNT = 128;
const USER_COUNT = 10_000;
const PURCHASE_COUNT = 100_000;
const WARM_MS = 20_000;
const STEADY_MS = 30_000;
/** Between two hand-overs. */
const SETTLE_MS = 3_000;

/**
 * Three processors. The first one is asked for users: half of the questions for its own, half for others', in the steady state; then only for users of others, while these stop and come back in turns:
 * each of that is a hand-over.
 */
export async function runQueries(options: QueriesBenchOptions): Promise<void> {
  // What this process stops for counts as the time of an answer.
  boundHeap();
  const cluster = new PurchasesCluster();
  try {
    await cluster.startBroker();
    const log = openKafkaLog({
      bootstrap: [{ host: '127.0.0.1', port: cluster.kafkaPort }],
      clientId: 'queries-bench',
    });
    await preloadPurchases(log, {
      count: PURCHASE_COUNT,
      userCount: USER_COUNT,
      partitionCount: PARTITION_COUNT,
    });
    await log.close();
    for (const index of [0, 1, 2]) await cluster.startProcessor(index);
    await delay(SETTLE_MS);
    const users = new OwnedUsers({
      managementPort: cluster.managementPort(0),
      userCount: USER_COUNT,
      partitionCount: PARTITION_COUNT,
    });
    await users.follow();
    const load = new QueryLoad(cluster.frontEndPort(0));
    const { ratePerSecond } = options;
    const ask = (isOwned: boolean, rate: number, signal: AbortSignal): Promise<Queried> =>
      load.run({ ratePerSecond: rate, nextUser: () => users.next(isOwned), signal });
    const both = (forMs: number): Promise<Queried[]> => {
      const signal = AbortSignal.timeout(forMs);
      return Promise.all([
        ask(true, ratePerSecond / 2, signal),
        ask(false, ratePerSecond / 2, signal),
      ]);
    };
    await both(WARM_MS);
    const [local, remote] = await both(STEADY_MS);
    const end = new AbortController();
    const moving = ask(false, ratePerSecond, end.signal);
    for (let done = 0; done < options.handOvers; done += 2) {
      const index = 1 + ((done / 2) % 2);
      await cluster.stopProcessor(index);
      await delay(SETTLE_MS);
      await cluster.startProcessor(index);
      await delay(SETTLE_MS);
    }
    end.abort();
    report(options, { local: local!, remote: remote!, moving: await moving });
    load.close();
    users.close();
  } finally {
    await cluster.remove();
  }
}

function report(
  options: QueriesBenchOptions,
  queried: Readonly<Record<'local' | 'remote' | 'moving', Queried>>,
): void {
  const machine = describeMachine();
  const figures = Object.fromEntries(
    Object.entries(queried).map(([name, { errors, latencies }]) => [
      name,
      {
        count: latencies.length,
        errors: errors.length,
        firstErrors: errors.slice(0, 5),
        ...quantilesOf(latencies),
      },
    ]),
  );
  const row = (name: string, key: string): string => {
    const figure = figures[key]!;
    const times = [figure.p50, figure.p99, figure.max].map((ms) => `${ms.toFixed(1)} ms`);
    return `| ${name} | ${figure.count} | ${figure.errors} | ${times.join(' | ')} |`;
  };
  const table = [
    '# Queries from anywhere: three processors, one is asked',
    '',
    `${machineLine(machine)}. gRPC, ${options.ratePerSecond} questions a second, ${PARTITION_COUNT} shards, ${USER_COUNT} users; embedded broker, LMDB.`,
    '',
    '| | answered | errors | p50 | p99 | most |',
    '| --- | --- | --- | --- | --- | --- |',
    row('steady, users of the node that is asked', 'local'),
    row('steady, users of other nodes', 'remote'),
    row(`users of other nodes, during ${options.handOvers} hand-overs`, 'moving'),
    '',
  ].join('\n');
  writeResult('queries-embedded', { machine, ...options, figures }, table);
}
