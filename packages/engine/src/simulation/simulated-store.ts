import {
  MemoryJournalStore,
  type JournalAppend,
  type JournalPosition,
  type JournalRow,
  type Snapshot,
  type WrittenPart,
} from '@chat-cluster/journal';

/** What was written to the journal, in order. */
export type StoreEntry =
  | { readonly kind: 'row'; readonly row: JournalRow }
  | { readonly kind: 'position'; readonly shard: number; readonly position: JournalPosition }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

/** A journal's content that remembers how it came about. */
export class SimulatedStore extends MemoryJournalStore {
  readonly entries: StoreEntry[] = [];

  override append(batch: JournalAppend, written: WrittenPart): void {
    super.append(batch, written);
    if (written === 'nothing') return;
    for (const row of batch.rows) this.entries.push({ kind: 'row', row });
    if (written === 'rows') return;
    for (const { shard, ...position } of batch.positions) {
      this.entries.push({ kind: 'position', shard, position });
    }
  }

  override writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): void {
    super.writeSnapshots(entityType, snapshots);
    for (const snapshot of snapshots) this.entries.push({ kind: 'snapshot', snapshot });
  }
}
