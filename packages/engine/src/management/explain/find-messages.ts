import { type FetchedRecord, homePartition } from '@chat-cluster/log';
import type { RecordAt } from './explanation.ts';
import { boundsOfEach, type Range, type ReadableLog, scan } from './log-reader.ts';

/** Newest offsets of each partition that are looked through for a message's id. */
const OFFSETS_EACH_MAX = 100_000;
/** In all: some ten seconds' reading. More partitions than 25 share it. */
const OFFSETS_MAX = 2_500_000;
/** Found records of a partition that are told: a message that was sent more often is told so far. */
const FOUND_MAX = 10;

/**
 * Where a message's id is looked for: the newest offsets of each partition of the topics; where the entity is known, of its home only (and not of the partitions to which a record may have been
 * sent by mistake).
 */
export async function rangesToSearch(
  log: ReadableLog,
  {
    entityId,
    eventTopic,
    topics,
  }: {
    readonly topics: readonly string[];
    readonly entityId: string | undefined;
    readonly eventTopic: string;
  },
): Promise<readonly Range[]> {
  const [events, ...inputs] = await log.admin.describeTopics([eventTopic, ...topics]);
  const partitions: Omit<Range, 'offsetFrom' | 'offsetUntil'>[] = [];
  for (const input of inputs) {
    if (input === undefined) continue;
    const { partitionCount, topic, topicId } = input;
    const all = Array.from({ length: partitionCount }, (_, partition) => partition);
    const isHomeKnown = entityId !== undefined && events !== undefined;
    const sought = isHomeKnown
      ? [homePartition(Buffer.from(entityId), events.partitionCount)]
      : all;
    for (const partition of sought) partitions.push({ topic, topicId, partition });
  }
  const eachMax = Math.min(OFFSETS_EACH_MAX, Math.floor(OFFSETS_MAX / partitions.length));
  const bounds = await boundsOfEach(log, partitions);
  return partitions.map((at, index) => {
    const { start, end } = bounds[index] ?? { start: 0, end: 0 };
    return { ...at, offsetFrom: Math.max(start, end - eachMax), offsetUntil: end };
  });
}

/** Records of a range that are meant, oldest first; the first ten at most. */
export async function findMessages(
  log: ReadableLog,
  range: Range,
  isMeant: (record: FetchedRecord) => boolean,
): Promise<readonly RecordAt[]> {
  const { partition, topic } = range;
  const found: RecordAt[] = [];
  await scan(log, range, (record) => {
    if (isMeant(record)) found.push({ topic, partition, offset: record.offset });
    return found.length >= FOUND_MAX;
  });
  return found;
}
