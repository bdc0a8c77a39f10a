import { checkEventSize, type JournalAppend, type JournalRow } from '@chat-cluster/journal';
import { toBatches } from './batches.ts';
import { writePositions } from './positions.ts';
import { EVENT_OVERHEAD_BYTES, RUN_OVERHEAD_BYTES, RunEncoder } from './run-codec.ts';
import { type Run, toRuns } from './runs.ts';
import type { Session, Statement } from './session.ts';
import type { SettledWrites } from './settled-writes.ts';

/**
 * The timestamp is the number of events: of two runs with the same last event the longer one, which has all of the other's,
 * stays, whenever it comes, and one that is written again becomes the same cells on all replicas. Whoever deletes
 * a row, with any later timestamp, has deleted it.
 */
const INSERT_RUN =
  'INSERT INTO journal (entity_type, entity_id, bucket, seq, events, times, source, offsets) ' +
  'VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?';

/** First all rows, until they will stay, then the positions: nobody sees a position without what lies below it (promise 3). */
export async function append(
  { session, settled }: { readonly session: Session; readonly settled: SettledWrites },
  batch: JournalAppend,
  { batchBytesMax }: { readonly batchBytesMax: number },
): Promise<void> {
  session.assertOpen();
  for (const row of batch.rows) checkEventSize(row);
  const encoder = new RunEncoder(batch.entityType);
  const batches = runBatches(batch.rows, batchBytesMax);
  if (batches.length > 0) {
    await settled.settle(() =>
      session.forEach(batches, async (runs) => {
        const statements = runs.map((run): Statement => {
          return { query: INSERT_RUN, params: encoder.encode(run) };
        });
        await session.write(statements);
      }),
    );
  }
  await writePositions(session, batch.entityType, batch.positions);
}

/**
 * Runs of one entity lie together: those of one partition in one batch are one write for Cassandra, which counts their
 * size as here.
 */
export function runBatches(
  rows: readonly JournalRow[],
  bytesMax: number,
): readonly (readonly Run[])[] {
  const runs = toRuns(rows, {
    bytesMax: bytesMax - RUN_OVERHEAD_BYTES,
    sizeBytesOf: ({ event }) => event.byteLength + EVENT_OVERHEAD_BYTES,
  });
  return toBatches(runs, {
    bytesMax,
    sizeBytesOf: runSizeBytes,
    // A bucket that ends within a batch makes it one partition more.
    partitionOf: ([{ entityId }]) => entityId,
  });
}

function runSizeBytes(run: Run): number {
  let bytes = RUN_OVERHEAD_BYTES + run.length * EVENT_OVERHEAD_BYTES;
  for (const { event } of run) bytes += event.byteLength;
  return bytes;
}
