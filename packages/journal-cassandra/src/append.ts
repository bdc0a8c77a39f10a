import { checkEventSize, type JournalAppend, type JournalRow } from '@chat-cluster/journal';
import { toBatches } from './batches.ts';
import type { PositionWriter } from './position-writer.ts';
import { ROW_OVERHEAD_BYTES, RowEncoder } from './row-codec.ts';
import type { Session, Statement } from './session.ts';

/**
 * The timestamp of every row. Rows are facts: written again they become the same cells, so that
 * replicas never differ, and whoever deletes a row, with any later timestamp, has deleted it.
 */
const ROW_TIMESTAMP = 1;

const INSERT_ROW =
  'INSERT INTO journal (entity_type, entity_id, bucket, seq, event, time, source) ' +
  'VALUES (?, ?, ?, ?, ?, ?, ?)';

/** First all rows, then the positions: nobody sees a position without what lies below it (promise 3). */
export async function append(
  { session, positions }: { readonly session: Session; readonly positions: PositionWriter },
  batch: JournalAppend,
  { batchBytesMax }: { readonly batchBytesMax: number },
): Promise<void> {
  session.assertOpen();
  for (const row of batch.rows) checkEventSize(row);
  const encoder = new RowEncoder(batch.entityType);
  await session.forEach(rowBatches(batch.rows, batchBytesMax), async (rows) => {
    const statements = rows.map((row): Statement => {
      return { query: INSERT_ROW, params: encoder.encode(row) };
    });
    await session.write(statements, ROW_TIMESTAMP);
  });
  await positions.write(batch.entityType, batch.positions);
}

/**
 * Rows of one entity lie together: those of one partition in one batch are one write for Cassandra, which counts their
 * size as here.
 */
export function rowBatches(
  rows: readonly JournalRow[],
  bytesMax: number,
): readonly (readonly JournalRow[])[] {
  return toBatches(byEntity(rows), {
    bytesMax,
    sizeBytesOf: ({ event }) => event.byteLength + ROW_OVERHEAD_BYTES,
    // A bucket that ends within a batch makes it one partition more.
    partitionOf: ({ entityId }) => entityId,
  });
}

/** The same rows; those of an entity one after the other, in their order. */
function byEntity(rows: readonly JournalRow[]): readonly JournalRow[] {
  const rowsOf = new Map<string, JournalRow[]>();
  for (const row of rows) {
    const known = rowsOf.get(row.entityId);
    if (known) known.push(row);
    else rowsOf.set(row.entityId, [row]);
  }
  return [...rowsOf.values()].flat();
}
