import { seededRandom, systemClock } from '@chat-cluster/kernel';
import type { Journal, JournalAppend, JournalRow } from './journal.ts';

/** How a journal is written: as the engine does, a batch after the other. */
export type AppendLoad = {
  readonly rows: number;
  /** Rows of one append. */
  readonly batchRows: number;
  /** Entities that the rows are spread over, at random. */
  readonly conversations: number;
  /** Appends on their way at once. */
  readonly inFlight: number;
};

/** What the load cost; the figures of one line of a table. */
export type AppendFigures = AppendLoad & {
  readonly 'rows/s': number;
  readonly 'calling thread µs/row': number;
  readonly 'all threads µs/row': number;
};

const SHARDS = 12;
const WARM_UP_FRACTION = 0.25;

/** 200 bytes, as a chat message of 100 has them. */
const EVENT = Buffer.from(
  JSON.stringify({ conversationKey: 'conversation-1', body: 'x'.repeat(156) }),
);

/**
 * Appends rows of 200-byte events and the positions of 12 shards, and measures what comes after the
 * first quarter. Rows are of an entity type of their own at each call.
 */
export async function measureAppends(journal: Journal, load: AppendLoad): Promise<AppendFigures> {
  const entityType = `bench-${process.hrtime.bigint()}`;
  const batches = makeBatches(entityType, load);
  const warmUpCount = Math.floor(batches.length * WARM_UP_FRACTION);
  await appendAll(journal, batches.slice(0, warmUpCount), load.inFlight);
  const measured = batches.slice(warmUpCount);
  const rowCount = measured.length * load.batchRows;
  const startMs = systemClock.monotonicMs();
  const processStart = process.cpuUsage();
  const threadStart = process.threadCpuUsage();
  await appendAll(journal, measured, load.inFlight);
  const seconds = (systemClock.monotonicMs() - startMs) / 1_000;
  const thread = process.threadCpuUsage(threadStart);
  const all = process.cpuUsage(processStart);
  return {
    ...load,
    'rows/s': Math.round(rowCount / seconds),
    'calling thread µs/row': rounded((thread.user + thread.system) / rowCount),
    'all threads µs/row': rounded((all.user + all.system) / rowCount),
  };
}

async function appendAll(
  journal: Journal,
  batches: readonly JournalAppend[],
  inFlight: number,
): Promise<void> {
  let next = 0;
  const writers = Array.from({ length: inFlight }, async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) await journal.append(batch);
  });
  await Promise.all(writers);
}

function makeBatches(entityType: string, load: AppendLoad): readonly JournalAppend[] {
  const random = seededRandom(1);
  const seqNext = Array.from({ length: load.conversations }, () => 0);
  const makeRow = (offset: number): JournalRow => {
    const conversation = random.below(load.conversations);
    const seq = seqNext[conversation] ?? 0;
    seqNext[conversation] = seq + 1;
    return {
      entityId: `conversation-${conversation}`,
      seq,
      event: EVENT,
      timestampMs: 1_700_000_000_000,
      source: { topicId: 'ZGVhZGJlZWZkZWFkYmVlZg', partition: conversation % SHARDS, offset },
    };
  };
  return Array.from({ length: Math.floor(load.rows / load.batchRows) }, (_, batch) => ({
    entityType,
    rows: Array.from({ length: load.batchRows }, (__, offset) => makeRow(offset)),
    positions: Array.from({ length: SHARDS }, (__, shard) => {
      return { shard, offset: batch, eventNumber: batch };
    }),
  }));
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
