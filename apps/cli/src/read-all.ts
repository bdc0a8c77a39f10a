import type { FetchedRecord, Log, TopicDescription } from '@chat-cluster/log';
import { partitionsOf, startsAt } from './follow.ts';

/**
 * Reads everything that is in a topic now, partition by partition, each in its order. Rejects with
 * a LogError.
 */
export async function readAll(
  log: Log,
  topic: TopicDescription,
  visit: (record: FetchedRecord, partition: number) => void,
): Promise<void> {
  const partitions = partitionsOf(topic);
  const starts = await startsAt(log, 'earliest', partitions);
  const ends = await startsAt(log, 'latest', partitions);
  for (const [index, start] of starts.entries()) {
    await log.readRange({
      ...start,
      offsetFrom: start.offset,
      offsetUntil: ends[index]!.offset,
      visit: (record) => visit(record, start.partition),
    });
  }
}
