import type { Journal, JournalPosition } from '@chat-cluster/journal';
import type { Log, TopicIdPartition } from '@chat-cluster/log';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import { ShardTail } from '../backlog/shard-tail.ts';
import type { EngineLimits } from '../engine-limits.ts';
import { decodeEventRecord, tailEventSizeBytes } from '../output/event-record.ts';
import { ShardStoppedError } from './shard-stopped-error.ts';

export type ReadBacklogOptions = {
  readonly log: Log;
  readonly journal: Journal;
  readonly entityType: string;
  readonly limits: Pick<EngineLimits, 'journalBatchRows' | 'journalBatchBytes'>;
  readonly budget: ByteBudget;
  /** Called with every record: throws when reading is to end. */
  readonly assertLasts: () => void;
};

/** What is read of the event topic: from the journal's position (or the log's start, if that is behind it) up to the end as it was found. */
export type BacklogRange = {
  readonly from: TopicIdPartition;
  readonly position: JournalPosition;
  readonly offsetFrom: number;
  readonly offsetUntil: number;
};

/** Read in one go, before the budget is looked at: this, or an eighth of the budget. */
const CHUNK_BYTES = 2 * 1024 * 1024;
const CHUNK_OFFSETS_FIRST = 500;
const CHUNK_OFFSETS_MAX = 50_000;

/**
 * Reads the events of a shard that are not in the journal. Over the budget they are written there as they are read, so that a backlog of any size can be taken over. Rejects with a
 * ShardStoppedError for a gap, a LogError or a JournalError; what was read is given back then.
 */
export async function readBacklog(
  options: ReadBacklogOptions,
  range: BacklogRange,
): Promise<ShardTail> {
  const tail = new ShardTail({ position: range.position, budget: options.budget });
  try {
    let offset = range.offsetFrom;
    let count = CHUNK_OFFSETS_FIRST;
    while (offset < range.offsetUntil) {
      const offsetUntil = Math.min(range.offsetUntil, offset + count);
      const bytes = await readChunk(options, range, { tail, offsetFrom: offset, offsetUntil });
      count = chunkOffsets(options.budget, bytes / (offsetUntil - offset));
      offset = offsetUntil;
      await writeThrough(options, range, tail);
    }
    return tail;
  } catch (error) {
    tail.clear();
    throw error;
  }
}

/** Returns the bytes that were read. */
async function readChunk(
  { assertLasts, log }: ReadBacklogOptions,
  { from }: BacklogRange,
  chunk: { tail: ShardTail; offsetFrom: number; offsetUntil: number },
): Promise<number> {
  const { tail, offsetFrom, offsetUntil } = chunk;
  let bytes = 0;
  await log.readRange({
    ...from,
    offsetFrom,
    offsetUntil,
    visit: (record) => {
      assertLasts();
      const event = decodeEventRecord(record);
      if (event === undefined) return;
      if (event.eventNumber !== tail.eventNumberLast + 1) {
        throw backlogGap(from.partition, tail.eventNumberLast + 1, event.eventNumber);
      }
      tail.appendCommitted(event);
      bytes += tailEventSizeBytes(event);
    },
  });
  return bytes;
}

/** How many offsets hold about as much as is read in one go. */
function chunkOffsets({ bytesMax }: ByteBudget, bytesPerOffset: number): number {
  const chunkBytes = Math.min(CHUNK_BYTES, bytesMax / 8);
  const count = Math.floor(chunkBytes / Math.max(1, bytesPerOffset));
  return Math.min(CHUNK_OFFSETS_MAX, Math.max(1, count));
}

/** These events are committed: their rows may be written by whomever, at any time. */
async function writeThrough(
  { budget, entityType, journal, limits }: ReadBacklogOptions,
  { from }: BacklogRange,
  tail: ShardTail,
): Promise<void> {
  while (budget.isFull && tail.countForJournal > 0) {
    const rows = tail.handOver({
      countMax: limits.journalBatchRows,
      bytesMax: limits.journalBatchBytes,
    });
    await journal.append({ entityType, rows, positions: [] });
    tail.acknowledge(rows.length);
    const positions = [{ shard: from.partition, ...tail.position }];
    await journal.append({ entityType, rows: [], positions });
  }
}

export function backlogGap(partition: number, expected: number, found: number): ShardStoppedError {
  return new ShardStoppedError(
    'backlog-gap',
    `Shard ${partition} lacks its event number ${expected}: the journal ends before it, and the event topic goes on with ${found}. Retention of the event topic was shorter than the journal was away, or the journal was restored from an older copy: restore a newer one.`,
  );
}
