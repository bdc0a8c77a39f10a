import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@chat-cluster/log';
import { quantilesOf } from '../quantiles.ts';
import { message, PARTITION_COUNT } from './load.ts';

/** Latencies in milliseconds. */
export type Latency = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

const TICK_MS = 5;
const WARM_SECONDS = 60;
const SETTLE_MS = 3_000;

/**
 * Sends at a steady rate, in ticks of 5 ms, and reads the output read_committed: from the send call to the record in the consumer's hand. The first minute warms up (Kafka and Cassandra compile what this rate needs) and does not count.
 * A tick that comes late still sends its share, with its own time.
 */
export async function pacedLatency(
  log: Log,
  topics: { readonly input: string; readonly output: string },
  options: {
    readonly ratePerSecond: number;
    readonly seconds: number;
    readonly conversationCount: number;
  },
  onWarm: () => Promise<void>,
): Promise<Latency> {
  const latencies: number[] = [];
  let isCounting = false;
  const fetcher = log.openFetcher(
    {},
    {
      onBatch: ({ records }) => {
        const nowMs = performance.now();
        for (const { value } of records) {
          const sentMs = sentTime(value);
          if (isCounting && sentMs !== undefined) latencies.push(nowMs - sentMs);
        }
      },
      onPartitionError: (_, error) => {
        throw error;
      },
    },
  );
  await addAtEnd(log, fetcher, topics.output);
  await send(log, topics.input, { ...options, seconds: WARM_SECONDS });
  await onWarm();
  isCounting = true;
  await send(log, topics.input, options);
  await delay(SETTLE_MS);
  await fetcher.close();
  return latencyOf(latencies);
}

async function send(
  log: Log,
  topic: string,
  options: {
    readonly ratePerSecond: number;
    readonly seconds: number;
    readonly conversationCount: number;
  },
): Promise<void> {
  const producer = log.openProducer();
  const startMs = performance.now();
  const total = options.ratePerSecond * options.seconds;
  const pending: Promise<unknown>[] = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, ((performance.now() - startMs) / 1_000) * options.ratePerSecond);
    const byHome = new Map<number, ReturnType<typeof message>['record'][]>();
    for (; sent < due; sent++) {
      const { home, record } = message(
        sent % options.conversationCount,
        `at ${performance.now()} `,
      );
      const records = byHome.get(home);
      if (records === undefined) byHome.set(home, [record]);
      else records.push(record);
    }
    for (const [partition, records] of byHome) {
      pending.push(producer.send({ topic, partition }, records));
    }
    await delay(TICK_MS);
  }
  await Promise.all(pending);
  await producer.close();
}

async function addAtEnd(
  log: Log,
  fetcher: ReturnType<Log['openFetcher']>,
  topic: string,
): Promise<void> {
  const [described] = await log.admin.describeTopics([topic]);
  const partitions = Array.from({ length: PARTITION_COUNT }, (_, partition) => partition);
  const ends = await log.admin.listOffsets(
    partitions.map((partition) => ({ topic, partition, at: 'latest' as const })),
  );
  for (const partition of partitions) {
    fetcher.add({ topic, topicId: described?.topicId ?? '', partition }, ends[partition] ?? 0);
  }
}

function sentTime(value: Uint8Array | null): number | undefined {
  const mark = /"body":"at ([\d.]+) /.exec(Buffer.from(value ?? []).toString());
  return mark?.[1] === undefined ? undefined : Number(mark[1]);
}

function latencyOf(latencies: readonly number[]): Latency {
  return { count: latencies.length, ...quantilesOf(latencies) };
}
