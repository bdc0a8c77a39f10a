import { Bench } from 'tinybench';
import { systemClock, systemTimers } from '@chat-cluster/kernel';
import { MemoryBroker } from './memory-broker.ts';
import { MemoryLog } from './memory-log.ts';
import type { OutgoingRecord } from './record.ts';

const RECORD_COUNT = 100_000;
const BATCH_COUNT = 200;
const PARTITION_COUNT = 12;

const broker = new MemoryBroker({ clock: systemClock, timers: systemTimers });
const log = new MemoryLog({ broker, clientName: 'bench' });
const value = new Uint8Array(100).fill(1);
const records: OutgoingRecord[] = Array.from({ length: BATCH_COUNT }, () => ({
  key: value.subarray(0, 10),
  value,
  headers: [{ key: 'h', value: value.subarray(0, 8) }],
}));
let topicCount = 0;

const bench = new Bench({ iterations: 5, warmupIterations: 1, time: 0 });
bench.add(`send ${RECORD_COUNT} records in batches of ${BATCH_COUNT}, and fetch them`, async () => {
  const { topic, topicId } = newTopic();
  const producer = log.openProducer();
  for (let sent = 0; sent < RECORD_COUNT; sent += BATCH_COUNT) {
    await producer.send({ topic, partition: (sent / BATCH_COUNT) % PARTITION_COUNT }, records);
  }
  let fetchedCount = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fetcher = log.openFetcher(
    {},
    {
      onBatch: (batch) => {
        fetchedCount += batch.records.length;
        if (fetchedCount === RECORD_COUNT) resolve();
      },
      onPartitionError: (_at, error) => reject(error),
    },
  );
  for (let partition = 0; partition < PARTITION_COUNT; partition += 1) {
    fetcher.add({ topic, topicId, partition }, 0);
  }
  await promise;
  await fetcher.close();
  broker.deleteTopic(topic);
});
bench.add(`write ${RECORD_COUNT} records in transactions on 12 partitions`, async () => {
  const { topic } = newTopic();
  const producer = await log.openTransactionalProducer({ transactionalId: 'bench' });
  const writes = Array.from({ length: PARTITION_COUNT }, (_, partition) => ({
    topic,
    partition,
    records,
  }));
  const generation = { memberId: '', generationId: -1 };
  for (let sent = 0; sent < RECORD_COUNT; sent += PARTITION_COUNT * BATCH_COUNT) {
    await producer.commit({ writes, offsets: [], groupId: 'bench', generation });
  }
  await producer.close();
  broker.deleteTopic(topic);
});
await bench.run();
console.table(bench.table());

function newTopic(): { topic: string; topicId: string } {
  topicCount += 1;
  const topic = `bench-${topicCount}`;
  broker.createTopic({ topic, partitionCount: PARTITION_COUNT });
  return { topic, topicId: broker.topics.find(topic)!.topicId };
}
