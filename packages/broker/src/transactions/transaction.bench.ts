/**
 * What a transaction costs on a durable broker in a thread of its own: AddPartitions with AddOffsets, then Produce
 * with one TxnOffsetCommit, then EndTxn, over one connection. Run it with node; it prints a table.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '@chat-cluster/kernel';
import { WireClient } from '../server/wire-client.ts';
import { startBrokerThread } from '../start-broker-thread.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { createTopics } from '../wire/messages/index.ts';
import { WireProducer } from './wire-producer.ts';

const WARM_UP_COUNT = 200;
const MEASURED_COUNT = 1_000;
const ROUNDS = ['add', 'write', 'end', 'whole'] as const;

const dataDir = mkdtempSync(join(tmpdir(), 'transaction-bench-'));
const broker = await startBrokerThread({ dataDir });
try {
  for (const partitionsCount of [1, 12, 36]) await measure(partitionsCount);
} finally {
  await broker.close();
  rmSync(dataDir, { recursive: true });
}

async function measure(partitionsCount: number): Promise<void> {
  const client = await WireClient.connect(broker.port);
  const topic = `topic-${partitionsCount}`;
  await client.call(createTopics, 5, {
    ...{ timeoutMs: 10_000, validateOnly: false },
    topics: [
      ...[{ name: topic, numPartitions: partitionsCount, replicationFactor: 1 }].map((of) => ({
        ...of,
        ...{ assignments: [], configs: [] },
      })),
    ],
  });
  const producer = new WireProducer(client, { transactionalId: topic, topic });
  await producer.init();
  const partitions = Array.from({ length: partitionsCount }, (_, index) => index);
  const samples: number[][] = ROUNDS.map(() => []);
  for (let count = -WARM_UP_COUNT; count < MEASURED_COUNT; count++) {
    const times = await transact(producer, partitions);
    if (count >= 0) for (const [round, ms] of times.entries()) samples[round]?.push(ms);
  }
  client.close();
  const row = ROUNDS.map((round, index) => [round, summary(samples[index] ?? [])]);
  process.stdout.write(
    `${partitionsCount} partitions: ${JSON.stringify(Object.fromEntries(row))}\n`,
  );
}

/** The milliseconds of each round, and of all. */
async function transact(producer: WireProducer, partitions: number[]): Promise<number[]> {
  const startMs = performance.now();
  const added = await Promise.all([
    producer.addPartitions(partitions),
    producer.addOffsets('group'),
  ]);
  const addedMs = performance.now();
  const written = await Promise.all([
    producer.produce(partitions, 'value'),
    producer.commitOffsets('group', partitions, 1),
  ]);
  const writtenMs = performance.now();
  const ended = await producer.end(true);
  const endMs = performance.now();
  const codes = [...added, ...written, ended];
  assert(
    codes.every((code) => code === ErrorCode.NONE),
    'Every step of the transaction succeeds.',
  );
  return [addedMs - startMs, writtenMs - addedMs, endMs - writtenMs, endMs - startMs];
}

function summary(samples: number[]): { p50Ms: number; p99Ms: number } {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (quantile: number) => Number(sorted[Math.floor(sorted.length * quantile)]?.toFixed(2));
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
