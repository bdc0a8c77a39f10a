import { bucketOf, type JournalRow } from '@chat-cluster/journal';

/**
 * Events of one entity that follow one another without a gap, in one bucket, made from records of one partition of one
 * topic: one row of Cassandra's. At least one event.
 */
export type Run = readonly [JournalRow, ...JournalRow[]];

/**
 * Events that one run holds at most. A reader who wants the event n finds it in a run that ends before
 * n + `RUN_EVENTS_MAX`.
 */
export const RUN_EVENTS_MAX = 64;

/**
 * All rows, those of an entity one after the other in their order, in runs of at most `RUN_EVENTS_MAX` events and
 * `bytesMax` bytes, or of one event. What an event costs Cassandra is mostly the row, whatever is in it
 * (docs/decisions/0004-journal-layout.md).
 */
export function toRuns(
  rows: readonly JournalRow[],
  options: { readonly bytesMax: number; readonly sizeBytesOf: (row: JournalRow) => number },
): readonly Run[] {
  const { bytesMax, sizeBytesOf } = options;
  const runs: [JournalRow, ...JournalRow[]][] = [];
  for (const own of rowsByEntity(rows)) {
    let bytes = 0;
    let previous: JournalRow | undefined;
    for (const row of own) {
      const run = runs.at(-1);
      bytes += sizeBytesOf(row);
      const fits = run !== undefined && run.length < RUN_EVENTS_MAX && bytes <= bytesMax;
      if (fits && previous !== undefined && follows(previous, row)) {
        run.push(row);
      } else {
        runs.push([row]);
        bytes = sizeBytesOf(row);
      }
      previous = row;
    }
  }
  return runs;
}

function rowsByEntity(rows: readonly JournalRow[]): Iterable<readonly JournalRow[]> {
  return Map.groupBy(rows, ({ entityId }) => entityId).values();
}

function follows(before: JournalRow, row: JournalRow): boolean {
  return (
    row.seq === before.seq + 1 &&
    bucketOf(row.seq) === bucketOf(before.seq) &&
    row.source.topicId === before.source.topicId &&
    row.source.partition === before.source.partition
  );
}
