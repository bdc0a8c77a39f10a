import { allTopics, encodeInstantMessageIn, PARTITION_COUNT_DEFAULT } from '@chat-cluster/contract';
import { homePartition, type Log, type OutgoingRecord } from '@chat-cluster/log';

export const PARTITION_COUNT = PARTITION_COUNT_DEFAULT;
const SEND_RECORDS = 2_000;
const BODY_LENGTH = 100;

export async function createTopics(log: Log): Promise<void> {
  const bare = ['bare_in', 'bare_out'].map((name) => ({ name, configs: {} }));
  await log.admin.createTopics(
    [...allTopics, ...bare].map(({ name, configs }) => ({
      topic: name,
      partitionCount: PARTITION_COUNT,
      replicationFactor: 1,
      configs,
    })),
  );
}

/** A message with a body of 100 characters that starts with `mark`. */
export function message(
  conversation: number,
  mark: string,
): { readonly home: number; readonly record: OutgoingRecord } {
  const conversationKey = `conversation-${conversation}`;
  const key = Buffer.from(conversationKey);
  const body = mark.padEnd(BODY_LENGTH, '.');
  const value = encodeInstantMessageIn({
    conversationKey,
    sender: 'bob',
    recipients: ['ann'],
    body,
  });
  return { home: homePartition(key, PARTITION_COUNT), record: { key, value, headers: [] } };
}

/** Writes the messages, conversations in turn. */
export async function preload(
  log: Log,
  topic: string,
  options: { readonly messageCount: number; readonly conversationCount: number },
): Promise<void> {
  const producer = log.openProducer();
  const waiting = Array.from({ length: PARTITION_COUNT }, (): OutgoingRecord[] => []);
  for (let index = 0; index < options.messageCount; index++) {
    const { home, record } = message(index % options.conversationCount, `${index}`);
    const records = waiting[home] ?? [];
    records.push(record);
    if (records.length < SEND_RECORDS) continue;
    waiting[home] = [];
    await producer.send({ topic, partition: home }, records);
  }
  await Promise.all(
    waiting.flatMap((records, partition) =>
      records.length > 0 ? [producer.send({ topic, partition }, records)] : [],
    ),
  );
  await producer.close();
}
