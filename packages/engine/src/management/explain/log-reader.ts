import type {
  FetchedRecord,
  Log,
  LogAdmin,
  TopicIdPartition,
  TopicPartition,
} from '@chat-cluster/log';

/** What explaining needs of a log. */
export type ReadableLog = Pick<Log, 'readRange'> & {
  readonly admin: Pick<LogAdmin, 'committedOffsets' | 'describeTopics' | 'listOffsets'>;
};

/** Offsets that are asked for at once. */
const CHUNK_OFFSETS = 1_000;

/** A range of a partition: committed records with `offsetFrom` ≤ offset < `offsetUntil`. */
export type Range = TopicIdPartition & {
  readonly offsetFrom: number;
  readonly offsetUntil: number;
};

/** Where a log starts and ends now. */
export type Bounds = { readonly start: number; readonly end: number };

/** Of each of the partitions, in the order asked. */
export async function boundsOfEach(
  log: ReadableLog,
  partitions: readonly TopicPartition[],
): Promise<readonly Bounds[]> {
  const specs = partitions.flatMap(({ topic, partition }) => [
    { topic, partition, at: 'earliest' as const },
    { topic, partition, at: 'latest' as const },
  ]);
  const offsets = await log.admin.listOffsets(specs);
  return partitions.map((_, index) => ({
    start: offsets[2 * index] ?? 0,
    end: offsets[2 * index + 1] ?? 0,
  }));
}

export async function boundsOf(log: ReadableLog, at: TopicPartition): Promise<Bounds> {
  const [bounds] = await boundsOfEach(log, [at]);
  return bounds ?? { start: 0, end: 0 };
}

/** The offset of the first record at or after a time; the end of the log when there is none. */
export async function offsetAt(
  log: ReadableLog,
  { topic, partition }: TopicIdPartition,
  timestampMs: number,
): Promise<number> {
  const at = { timestampMs: Math.max(0, timestampMs) };
  const [offset = 0] = await log.admin.listOffsets([{ topic, partition, at }]);
  return offset;
}

/** Shows the records of a range in order until `visit` answers true; says whether it did. */
export async function scan(
  log: ReadableLog,
  range: Range,
  visit: (record: FetchedRecord) => boolean,
): Promise<boolean> {
  const { offsetUntil } = range;
  for (let from = range.offsetFrom; from < offsetUntil; from += CHUNK_OFFSETS) {
    const until = Math.min(offsetUntil, from + CHUNK_OFFSETS);
    const chunk = { ...range, offsetFrom: from, offsetUntil: until };
    if (await scanChunk(log, chunk, visit)) return true;
  }
  return false;
}

async function scanChunk(
  log: ReadableLog,
  range: Range,
  visit: (record: FetchedRecord) => boolean,
): Promise<boolean> {
  let isDone = false;
  await log.readRange({
    ...range,
    visit: (record) => {
      isDone ||= visit(record);
    },
  });
  return isDone;
}

/** The record at an offset; undefined when none can be read there (a marker, or of an aborted transaction). */
export async function recordAt(
  log: ReadableLog,
  at: TopicIdPartition,
  offset: number,
): Promise<FetchedRecord | undefined> {
  let found: FetchedRecord | undefined;
  await scan(log, { ...at, offsetFrom: offset, offsetUntil: offset + 1 }, (record) => {
    found = record.offset === offset ? record : undefined;
    return true;
  });
  return found;
}
