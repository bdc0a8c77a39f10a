import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { within } from '../crash/within.ts';
import { childProcesses } from '../node/child-processes.ts';
import { Processor, startProducer, talk, type Totals } from './purchases-cluster.ts';
import { deadLetterReasons, purchaseOf, sendValues, topicTotals } from './topic-totals.ts';

const WAIT_MS = 60_000;
const PROMPT = 'Enter user id or :q to quit\n';

type World = {
  readonly kafkaPort: number;
  /** As `--journal` takes it. */
  readonly journal: string;
  /** For other nodes, one for each of three processors. The second one has two workers, which have the ports after it. */
  readonly nodePorts: readonly [number, number, number];
  /** Called at the end, while all processors still answer at these ports. */
  readonly check?: (frontEndPorts: readonly number[]) => Promise<void>;
};

/**
 * Processors, a producer and clients as a person starts them, on a Kafka without topics: processors share the shards by their workers, any of them tells what any user bought, and
 * kill -9 of a worker, and of a processor with its workers, changes no penny of it.
 */
export async function goShopping(t: TestContext, world: World): Promise<void> {
  const { kafkaPort, journal, nodePorts } = world;
  const start = (nodePort: number, ...args: string[]): Promise<Processor> =>
    Processor.start({ kafkaPort, journal, nodePort, args });
  const startSecond = (): Promise<Processor> => start(nodePorts[1], '--workers', '2');

  const first = await start(nodePorts[0]);
  await using _first = first.program;
  let second = await startSecond();
  t.after(() => second.program.kill());
  await untilShards([first, second], [43, 85]);
  await untilMoveIsTold(first, second, 85);
  assert.equal(
    await talk(first.frontEndPort, '5\n:q\n'),
    `${PROMPT}User 5 has made 0 for a total of 0p\n${PROMPT}`,
  );

  const producer = startProducer(kafkaPort, { count: 400, rate: 400 });
  assert.deepEqual(await producer.ended, { code: 0, signal: null });
  const sentTo = producer.stdout.match(/^Sending message to user \d{1,2}$/gm) ?? [];
  assert.equal(sentTo.length, 400);
  await untilTotals([first, second], kafkaPort);
  for (const pattern of [FORWARDING, PURCHASE]) {
    const told = [first, second].flatMap(({ program }) => program.stdout.match(pattern) ?? []);
    assert.equal(told.length, 400, String(pattern));
  }

  await sendValues(kafkaPort, [Buffer.from('{"userId":"7"}'), purchaseOf(-1)]);
  await within(WAIT_MS, async () => {
    const reasons = (await deadLetterReasons(kafkaPort)).toSorted().join('\n');
    return DEAD_LETTERS.test(reasons) ? undefined : `The dead letters say: ${reasons}`;
  });

  const third = await start(nodePorts[2]);
  await using _third = third.program;
  await untilShards([first, second, third], [32, 32, 64]);
  await untilTotals([first, second, third], kafkaPort);

  const load = startProducer(kafkaPort, { count: 2_000, rate: 250 });
  await load.untilPrinted(/(Sending message to user \d+\n){500}/);
  killWorker(second);
  await load.untilPrinted(/(Sending message to user \d+\n){1000}/);
  await second.program.kill();
  await untilShards([first, third], [64, 64]);
  second = await startSecond();
  assert.deepEqual(await load.ended, { code: 0, signal: null });
  await untilShards([first, second, third], [32, 32, 64]);
  const totals = await untilTotals([first, second, third], kafkaPort);

  const [userId, bought] = [...totals][0]!;
  const told = `User ${userId} has made ${bought.replace(' for ', ' for a total of ')}\n`;
  for (const { frontEndPort } of [first, second, third]) {
    assert.equal(
      await talk(frontEndPort, `${userId}\nnobody\n`),
      `${PROMPT}${told}${PROMPT}User nobody has made 0 for a total of 0p\n${PROMPT}`,
    );
  }
  await world.check?.([first, second, third].map(({ frontEndPort }) => frontEndPort));
  for (const { program } of [first, second, third]) {
    assert.deepEqual(await program.stop(), { code: 0, signal: null });
  }
}

const FORWARDING = /^Forwarding message for entity \d+ to cluster sharding$/gm;
const PURCHASE = /^user \d+ purchase \S.*, quantity \d+, price \d+$/gm;

/** These two lines are promised word for word. */
const ASSIGNED = /^Partition \[(\d+)\] assigned to current node\. Updating shard allocation$/gm;
const REBALANCE =
  /^Starting rebalance for shards \[(\d+(?:,\d+)*)\]\. Current shards rebalancing: \[[\d,]*\]$/gm;
/** A shard that went on to the next worker before the first one ran it has been given up by nobody. */
const SILENT =
  /^Shard (\d+) runs here\. (?:It|Nobody gave it up: it) was silent for \d+ ms.*, \d+ ms of them to take it over\.$/gm;

/** One tells which shards it gives up, the other that it got the same ones, and how long each was silent. */
function untilMoveIsTold(from: Processor, to: Processor, shardCount: number): Promise<void> {
  return within(WAIT_MS, async () => {
    const given = shardsIn(from, REBALANCE);
    const told = [given, shardsIn(to, ASSIGNED), shardsIn(to, SILENT)];
    const isTold = told.every((shards) => shards.length === shardCount);
    const areSame = told.every((shards) => shards.join() === given.join());
    return isTold && areSame ? undefined : `The move of ${shardCount} is told: ${told.join(' | ')}`;
  });
}

/** The shards that lines of its output name, in order. */
function shardsIn({ program }: Processor, lines: RegExp): readonly number[] {
  const named = [...program.stdout.matchAll(lines)].flatMap(([, shards = '']) => shards.split(','));
  return [...new Set(named.map(Number))].toSorted((a, b) => a - b);
}

const DEAD_LETTERS =
  /^The value is not a UserPurchaseProto: .+\nprice is -1; it must be a whole number from 0 to 1,000,000,000\.$/;

/** kill -9 of one of the two; the processor starts it again. */
function killWorker({ program }: Processor): void {
  const [worker, ...others] = childProcesses(program.pid);
  assert.ok(worker !== undefined && others.length === 1);
  process.kill(worker, 'SIGKILL');
}

function untilShards(processors: readonly Processor[], expected: readonly number[]): Promise<void> {
  return within(WAIT_MS, async () => {
    const counts = await Promise.all(processors.map((processor) => processor.shardCount()));
    const isReached = counts.toSorted((a, b) => a - b).join() === expected.join();
    return isReached ? undefined : `The processors have ${counts.join(', ')} shards.`;
  });
}

/** Every processor tells of every user what his purchases in the topic come to. */
async function untilTotals(processors: readonly Processor[], kafkaPort: number): Promise<Totals> {
  const expected = await topicTotals(kafkaPort);
  for (const processor of processors) {
    await within(WAIT_MS, async () => {
      const found = await processor.totalsOf(expected.keys());
      const wrong = [...expected].find(([userId, totals]) => found.get(userId) !== totals);
      return wrong && `User ${wrong[0]}: ${found.get(wrong[0])}, in the topic ${wrong[1]}.`;
    });
  }
  return expected;
}
