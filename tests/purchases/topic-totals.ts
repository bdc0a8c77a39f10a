import { userEvents, userEventsDeadLetter } from '@chat-cluster/contract/purchases';
import { DEAD_LETTER_HEADERS } from '@chat-cluster/engine/headers';
import type { FetchedRecord, Log } from '@chat-cluster/log';
import { openKafkaLog } from '@chat-cluster/log-kafka';
import type { Totals } from './purchases-cluster.ts';

/** What each user of the topic user-events bought, added up from its records alone. */
export async function topicTotals(kafkaPort: number): Promise<Totals> {
  const sums = new Map<string, { count: number; pence: bigint }>();
  await withLog(kafkaPort, (log) =>
    readTopic(log, userEvents.name, ({ value }) => addTo(sums, value)),
  );
  return new Map([...sums].map(([id, { count, pence }]) => [id, `${count} for ${pence}p`]));
}

/** Why each record of user-events-dead-letter was refused. */
export async function deadLetterReasons(kafkaPort: number): Promise<readonly string[]> {
  const reasons: string[] = [];
  await withLog(kafkaPort, (log) =>
    readTopic(log, userEventsDeadLetter.name, ({ headers }) => {
      const reason = headers.find(({ key }) => key === DEAD_LETTER_HEADERS.reason);
      reasons.push(Buffer.from(reason?.value ?? []).toString());
    }),
  );
  return reasons;
}

/** The bytes of a purchase of user 7. */
export function purchaseOf(price: number): Uint8Array {
  return userEvents.encode({ userId: '7', product: 'cat t-shirt', quantity: 1, price });
}

/** Writes records without a key to partition 0 of user-events. */
export async function sendValues(kafkaPort: number, values: readonly Uint8Array[]): Promise<void> {
  await withLog(kafkaPort, async (log) => {
    const records = values.map((value) => ({ key: null, value, headers: [] }));
    await log.openProducer().send({ topic: userEvents.name, partition: 0 }, records);
  });
}

async function withLog(kafkaPort: number, work: (log: Log) => Promise<void>): Promise<void> {
  const bootstrap = [{ host: '127.0.0.1', port: kafkaPort }];
  const log = openKafkaLog({ bootstrap, clientId: 'purchases-test' });
  try {
    await work(log);
  } finally {
    await log.close();
  }
}

async function readTopic(
  log: Log,
  name: string,
  visit: (record: FetchedRecord) => void,
): Promise<void> {
  const [topic] = await log.admin.describeTopics([name]);
  const { topicId = '', partitionCount = 0 } = topic ?? {};
  const partitions = Array.from({ length: partitionCount }, (_, partition) => ({
    topic: name,
    partition,
  }));
  const ends = await log.admin.listOffsets(partitions.map((at) => ({ ...at, at: 'latest' })));
  for (const at of partitions) {
    const offsetUntil = ends[at.partition] ?? 0;
    if (offsetUntil > 0) await log.readRange({ ...at, topicId, offsetFrom: 0, offsetUntil, visit });
  }
}

function addTo(
  sums: Map<string, { count: number; pence: bigint }>,
  value: Uint8Array | null,
): void {
  const decoded = userEvents.decode(value);
  // A dead letter: nobody bought anything.
  if (!decoded.ok) return;
  const { userId, quantity, price } = decoded.value;
  const sum = sums.get(userId) ?? { count: 0, pence: 0n };
  sums.set(userId, sum);
  sum.count += 1;
  sum.pence += BigInt(quantity) * BigInt(price);
}
