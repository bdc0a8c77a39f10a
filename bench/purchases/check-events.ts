import { USER_PROCESSING, userProcessingEvents } from '@chat-cluster/contract/purchases';
import type { Log } from '@chat-cluster/log';
import type { Totals } from './preload-purchases.ts';

const AT_ONCE = 8;

/**
 * Adds up what was committed, of all users, from the event topic with a read_committed reader that shares nothing with the processors, and throws if a user has more, less, or another total
 * than was sent. What a processor holds of a user is asked for by `checkTotals`.
 */
export async function checkEvents(
  log: Log,
  of: { readonly totals: Totals; readonly partitionCount: number },
): Promise<void> {
  const [topic] = await log.admin.describeTopics([EVENTS]);
  if (topic === undefined) throw new Error(`There is no topic ${EVENTS}.`);
  const partitions = Array.from({ length: of.partitionCount }, (_, partition) => partition);
  const ends = await log.admin.listOffsets(
    partitions.map((partition) => ({ topic: EVENTS, partition, at: 'latest' as const })),
  );
  const found = new Map<string, { purchases: number; pence: number }>();
  const read = (partition: number): Promise<void> =>
    log.readRange({
      topic: EVENTS,
      topicId: topic.topicId,
      partition,
      offsetFrom: 0,
      offsetUntil: ends[partition] ?? 0,
      visit: ({ key, value }) => {
        const event = userProcessingEvents.decode(value ?? new Uint8Array());
        if (key === null || !event.ok) throw new Error('The event topic holds no purchase there.');
        const id = Buffer.from(key).toString();
        const total = found.get(id) ?? { purchases: 0, pence: 0 };
        found.set(id, total);
        total.purchases += 1;
        total.pence += event.value.quantity * event.value.price;
      },
    });
  for (let at = 0; at < partitions.length; at += AT_ONCE) {
    await Promise.all(partitions.slice(at, at + AT_ONCE).map(read));
  }
  compare(found, of.totals);
}

const EVENTS = `${USER_PROCESSING}_events`;

function compare(found: Totals, sent: Totals): void {
  if (found.size !== sent.size) {
    throw new Error(`${found.size} users have events; ${sent.size} have sent purchases.`);
  }
  for (const [id, { pence, purchases }] of sent) {
    const total = found.get(id);
    if (total?.purchases === purchases && total.pence === pence) continue;
    throw new Error(
      `Events of user ${id}: ${total?.purchases} for ${total?.pence}p; ${purchases} for ${pence}p were sent.`,
    );
  }
}
