import { assert } from '@chat-cluster/kernel';
import type { JournalAppend, JournalPosition, JournalRow, ShardRow, Snapshot } from './journal.ts';
import type { WrittenPart } from './memory-journal-faults.ts';

type EntityRows = {
  readonly bySeq: Map<number, JournalRow>;
  /** Ascending; undefined after a write, until somebody reads. */
  sorted: readonly JournalRow[] | undefined;
};

type EntityTypeContent = {
  partitionCount: number | undefined;
  readonly rows: Map<string, EntityRows>;
  readonly snapshots: Map<string, Snapshot>;
  readonly shards: Map<number, ShardRow>;
  /** Kept apart from the shards: an old owner's position may come before the shard is placed. */
  readonly positions: Map<number, JournalPosition>;
};

/**
 * The content of a memory journal. It outlives the journals that are opened on it, as a database
 * does the processes of its clients. As large as what is written; for tests and simulations.
 */
export class MemoryJournalStore {
  readonly #entityTypes = new Map<string, EntityTypeContent>();

  pinPartitionCount(entityType: string, partitionCount: number): number {
    return (this.#of(entityType).partitionCount ??= partitionCount);
  }

  readShard(entityType: string, shard: number): ShardRow | undefined {
    const content = this.#of(entityType);
    const placed = content.shards.get(shard);
    return placed && { ...placed, position: content.positions.get(shard) ?? placed.position };
  }

  placeShard(entityType: string, shard: Omit<ShardRow, 'position'>): void {
    const { shards } = this.#of(entityType);
    const before = shards.get(shard.shard);
    shards.set(shard.shard, {
      shard: shard.shard,
      eventTopicId: before?.eventTopicId ?? shard.eventTopicId,
      inputTopicIds: { ...shard.inputTopicIds, ...before?.inputTopicIds },
      position: { offset: 0, eventNumber: 0 },
    });
  }

  append(batch: JournalAppend, written: WrittenPart): void {
    if (written === 'nothing') return;
    const content = this.#of(batch.entityType);
    for (const row of batch.rows) appendRow(content.rows, row);
    if (written === 'rows') return;
    for (const { shard, offset, eventNumber } of batch.positions) {
      const before = content.positions.get(shard);
      if (before && !isLater({ offset, eventNumber }, before)) continue;
      content.positions.set(shard, { offset, eventNumber });
    }
  }

  writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): void {
    const stored = this.#of(entityType).snapshots;
    for (const { entityId, seq, state } of snapshots) {
      const before = stored.get(entityId);
      if (before && before.seq > seq) continue;
      stored.set(entityId, { entityId, seq, state: Uint8Array.from(state) });
    }
  }

  readSnapshot(entityType: string, entityId: string): Snapshot | undefined {
    return this.#of(entityType).snapshots.get(entityId);
  }

  /** Every row of the entity, ascending by seq. Not to be changed. */
  rows(entityType: string, entityId: string): readonly JournalRow[] {
    const rows = this.#of(entityType).rows.get(entityId);
    if (!rows) return [];
    return (rows.sorted ??= [...rows.bySeq.values()].toSorted((a, b) => a.seq - b.seq));
  }

  entityIds(entityType: string): readonly string[] {
    return [...this.#of(entityType).rows.keys()];
  }

  #of(entityType: string): EntityTypeContent {
    let content = this.#entityTypes.get(entityType);
    if (!content) {
      content = {
        partitionCount: undefined,
        rows: new Map(),
        snapshots: new Map(),
        shards: new Map(),
        positions: new Map(),
      };
      this.#entityTypes.set(entityType, content);
    }
    return content;
  }
}

function appendRow(rowsById: Map<string, EntityRows>, row: JournalRow): void {
  let rows = rowsById.get(row.entityId);
  if (!rows) {
    rows = { bySeq: new Map(), sorted: [] };
    rowsById.set(row.entityId, rows);
  }
  const before = rows.bySeq.get(row.seq);
  if (before) {
    assert(isSameFact(before, row), 'A journal row that is written again is the same row.');
    return;
  }
  rows.bySeq.set(row.seq, { ...row, event: Uint8Array.from(row.event) });
  rows.sorted = undefined;
}

/** One home, one fact (promise 3): the journal is written behind the commit, by whomever. */
function isSameFact(a: JournalRow, b: JournalRow): boolean {
  return (
    a.timestampMs === b.timestampMs &&
    a.source.topicId === b.source.topicId &&
    a.source.partition === b.source.partition &&
    a.source.offset === b.source.offset &&
    a.event.length === b.event.length &&
    a.event.every((byte, index) => byte === b.event[index])
  );
}

function isLater(position: JournalPosition, than: JournalPosition): boolean {
  if (position.eventNumber !== than.eventNumber) return position.eventNumber > than.eventNumber;
  return position.offset > than.offset;
}
