import type { FetchedRecord, Log } from '@chat-cluster/log';
import type { RecordAt } from './explanation.ts';
import { boundsOf, scan } from './log-reader.ts';

/** Newest records of each partition that are looked through for a message's id. */
const MESSAGE_LOOK_RECORDS_MAX = 100_000;
/** Found records that are told: a message that was sent more often is told so far. */
const FOUND_MAX = 10;

/**
 * The input records that carry a message's id, oldest first within a partition; the newest 100,000 records of each partition are read. Where the entity is known, only its home is (and not
 * the partitions to which a record may have been sent by mistake).
 */
export async function findMessage(
  log: Log,
  sought: {
    readonly topic: string;
    /** Undefined: all. */
    readonly partition: number | undefined;
    readonly isMeant: (record: FetchedRecord) => boolean;
  },
): Promise<RecordAt[]> {
  const [topic] = await log.admin.describeTopics([sought.topic]);
  if (topic === undefined) return [];
  const partitions =
    sought.partition === undefined
      ? Array.from({ length: topic.partitionCount }, (_, partition) => partition)
      : [sought.partition];
  const found: RecordAt[] = [];
  for (const partition of partitions) {
    const at = { ...topic, partition };
    const { end, start } = await boundsOf(log, at);
    const offsetFrom = Math.max(start, end - MESSAGE_LOOK_RECORDS_MAX);
    await scan(log, { ...at, offsetFrom, offsetUntil: end }, (record) => {
      if (sought.isMeant(record)) {
        found.push({ topic: topic.topic, partition, offset: record.offset });
      }
      return found.length >= FOUND_MAX;
    });
  }
  return found;
}
