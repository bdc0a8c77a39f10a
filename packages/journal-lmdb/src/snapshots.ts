import { checkSnapshotSize, JournalError, type Snapshot } from '@chat-cluster/journal';
import type { EntityKeys } from './keys.ts';
import type { Tables } from './tables.ts';
import { transact } from './transact.ts';

const SEQ_BYTES = 8;

/**
 * Snapshots of one transaction. They are written on this thread, for each is compared: more at once
 * would keep it, and LMDB's write lock, for too long.
 */
const SNAPSHOTS_PER_TRANSACTION = 100;

/**
 *     snapshot => seq: FLOAT64, state: the rest
 *
 * Of two snapshots the one with the higher seq stays: they are compared in the transaction.
 */
export async function writeSnapshots(
  tables: Tables,
  keys: EntityKeys,
  snapshots: readonly Snapshot[],
): Promise<void> {
  for (const snapshot of snapshots) checkSnapshotSize(snapshot);
  for (let from = 0; from < snapshots.length; from += SNAPSHOTS_PER_TRANSACTION) {
    const part = snapshots.slice(from, from + SNAPSHOTS_PER_TRANSACTION);
    await transact(tables, {
      compare: () => {
        for (const snapshot of part) putIfLater(tables, keys, snapshot);
      },
    });
  }
}

export function readSnapshot(
  tables: Tables,
  keys: EntityKeys,
  entityId: string,
): Snapshot | undefined {
  const value = tables.snapshot.getBinary(keys.snapshot(entityId));
  if (!value) return undefined;
  if (value.length < SEQ_BYTES) {
    throw new JournalError(
      'corrupt',
      `The snapshot of ${entityId} is cut. Restore the journal's folder from a backup.`,
    );
  }
  return { entityId, seq: value.readDoubleLE(0), state: value.subarray(SEQ_BYTES) };
}

function putIfLater(tables: Tables, keys: EntityKeys, snapshot: Snapshot): void {
  const before = readSnapshot(tables, keys, snapshot.entityId);
  if (before && before.seq > snapshot.seq) return;
  const value = Buffer.allocUnsafeSlow(SEQ_BYTES + snapshot.state.length);
  value.writeDoubleLE(snapshot.seq, 0);
  value.set(snapshot.state, SEQ_BYTES);
  void tables.snapshot.put(keys.snapshot(snapshot.entityId), value);
}
