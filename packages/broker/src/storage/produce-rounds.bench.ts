import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTopic } from '../api/broker-harness.ts';
import { WireClient } from '../server/wire-client.ts';
import { startBrokerThread } from '../start-broker-thread.ts';
import { produce } from '../wire/messages/index.ts';
import { testBatch } from './log-harness.ts';

// Rounds of one Produce request to every partition, durable before the answer: how many a second, how many bytes, and
// how long each takes. The broker has a thread of its own, the client is this one.

const ROUNDS = 1000;
const CASES = [
  { partitions: 1, batchBytes: 200, inFlight: 1 },
  { partitions: 12, batchBytes: 2_000, inFlight: 1 },
  { partitions: 36, batchBytes: 2_000, inFlight: 1 },
  { partitions: 36, batchBytes: 2_000, inFlight: 4 },
  { partitions: 12, batchBytes: 16_000, inFlight: 4 },
];

const dataDir = mkdtempSync(join(tmpdir(), 'broker-bench-'));
const broker = await startBrokerThread({ dataDir });
try {
  for (const one of CASES) console.log(JSON.stringify({ ...one, ...(await measure(one)) }));
} finally {
  await broker.close();
  rmSync(dataDir, { recursive: true });
}

async function measure({ partitions, batchBytes, inFlight }: (typeof CASES)[number]) {
  const client = await WireClient.connect(broker.port);
  const name = `rounds-${partitions}-${batchBytes}-${inFlight}`;
  await createTopic(client, { name, partitions });
  const latenciesMs: number[] = [];
  let startedCount = 0;
  const sendRounds = async (): Promise<void> => {
    while (startedCount++ < ROUNDS) {
      const partitionData = Array.from({ length: partitions }, (_, index) => ({
        index,
        records: testBatch({ bytes: batchBytes, count: 10 }),
      }));
      const startMs = performance.now();
      await client.call(produce, 9, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name, partitionData }],
      });
      latenciesMs.push(performance.now() - startMs);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, sendRounds));
  const seconds = (performance.now() - startMs) / 1000;
  client.close();
  latenciesMs.sort((a, b) => a - b);
  const quantileMs = (share: number): number =>
    Number((latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(2));
  return {
    roundsPerSecond: Math.round(ROUNDS / seconds),
    megabytesPerSecond: Math.round((ROUNDS * partitions * batchBytes) / seconds / 1e5) / 10,
    p50Ms: quantileMs(0.5),
    p99Ms: quantileMs(0.99),
  };
}
