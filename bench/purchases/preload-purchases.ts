import { purchasesTopics, userEvents } from '@chat-cluster/contract/purchases';
import { homePartition, type Log, type OutgoingRecord } from '@chat-cluster/log';

const SEND_RECORDS = 2_000;
const SENDS_AT_ONCE = 64;

/** What each user must have in the end. */
export type Totals = ReadonlyMap<string, { readonly purchases: number; readonly pence: number }>;

/** Creates the topics and writes the purchases, users in turn; answers what they come to. */
export async function preloadPurchases(
  log: Log,
  options: { readonly count: number; readonly userCount: number; readonly partitionCount: number },
): Promise<Totals> {
  const { partitionCount } = options;
  await log.admin.createTopics(
    [...purchasesTopics, { name: 'bare_out', configs: {} }].map(({ name, configs }) => ({
      topic: name,
      partitionCount,
      replicationFactor: 1,
      configs,
    })),
  );
  const producer = log.openProducer();
  const totals = new Map<string, { purchases: number; pence: number }>();
  const waiting = Array.from({ length: partitionCount }, (): OutgoingRecord[] => []);
  const send = (partition: number): Promise<unknown> => {
    const records = waiting[partition] ?? [];
    waiting[partition] = [];
    return producer.send({ topic: userEvents.name, partition }, records);
  };
  for (let index = 0; index < options.count; index++) {
    const userId = String(index % options.userCount);
    const key = Buffer.from(userId);
    const [quantity, price] = [1 + (index % 4), 100 + (index % 9_000)];
    const value = userEvents.encode({ userId, product: 'cat t-shirt', quantity, price });
    const total = totals.get(userId) ?? { purchases: 0, pence: 0 };
    totals.set(userId, total);
    total.purchases += 1;
    total.pence += quantity * price;
    const home = homePartition(key, partitionCount);
    waiting[home]?.push({ key, value, headers: [] });
    if (waiting[home]?.length === SEND_RECORDS) await send(home);
  }
  for (let from = 0; from < partitionCount; from += SENDS_AT_ONCE) {
    const rest = waiting.slice(from, from + SENDS_AT_ONCE);
    await Promise.all(rest.flatMap(({ length }, at) => (length > 0 ? [send(from + at)] : [])));
  }
  await producer.close();
  return totals;
}
