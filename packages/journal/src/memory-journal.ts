import { sleep, type Timers } from '@chat-cluster/kernel';
import { JournalError } from './journal-error.ts';
import { checkEventSize, checkSnapshotSize } from './journal-limits.ts';
import type {
  EventBeforeQuery,
  EventQuery,
  Journal,
  JournalAppend,
  JournalRow,
  ShardRow,
  Snapshot,
} from './journal.ts';
import { MemoryJournalFaults, type WrittenPart } from './memory-journal-faults.ts';
import { MemoryJournalStore } from './memory-journal-store.ts';

/**
 * A journal in memory, for tests and simulations. Deterministic: what a call does, it does in the
 * call's own promise, or when `timers` say so.
 */
export class MemoryJournal implements Journal {
  readonly store: MemoryJournalStore;
  readonly faults: MemoryJournalFaults;
  readonly #timers: Timers;
  #isClosed = false;

  /**
   * @param options `store`: shared by the journals of several nodes, or kept over a restart; a new
   *   one by default. `faults`: shared if the store is away for all; of its own by default
   */
  constructor(options: {
    timers: Timers;
    store?: MemoryJournalStore;
    faults?: MemoryJournalFaults;
  }) {
    this.#timers = options.timers;
    this.store = options.store ?? new MemoryJournalStore();
    this.faults = options.faults ?? new MemoryJournalFaults();
  }

  async pinPartitionCount(entityType: string, partitionCount: number): Promise<number> {
    await this.#reach();
    return this.store.pinPartitionCount(entityType, partitionCount);
  }

  async readShards(
    entityType: string,
    shards: readonly number[],
  ): Promise<readonly (ShardRow | undefined)[]> {
    await this.#reach();
    return shards.map((shard) => this.store.readShard(entityType, shard));
  }

  async placeShard(entityType: string, shard: Omit<ShardRow, 'position'>): Promise<void> {
    await this.#write((written) => {
      if (written === 'everything') this.store.placeShard(entityType, shard);
    });
  }

  async append(batch: JournalAppend): Promise<void> {
    for (const row of batch.rows) checkEventSize(row);
    await this.#write((written) => this.store.append(batch, written));
  }

  async writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): Promise<void> {
    for (const snapshot of snapshots) checkSnapshotSize(snapshot);
    await this.#write((written) => {
      if (written === 'everything') this.store.writeSnapshots(entityType, snapshots);
    });
  }

  async readSnapshots(
    entityType: string,
    entityIds: readonly string[],
  ): Promise<readonly (Snapshot | undefined)[]> {
    await this.#reach();
    return entityIds.map((entityId) => this.store.readSnapshot(entityType, entityId));
  }

  async readEvents(
    entityType: string,
    queries: readonly EventQuery[],
  ): Promise<readonly (readonly JournalRow[])[]> {
    await this.#reach();
    return queries.map(({ entityId, seqFrom, countMax }) => {
      const rows = this.store.rows(entityType, entityId);
      const first = firstIndexFrom(rows, seqFrom);
      return rows.slice(first, first + countMax);
    });
  }

  async readEventsBefore(
    entityType: string,
    query: EventBeforeQuery,
  ): Promise<readonly JournalRow[]> {
    await this.#reach();
    const rows = this.store.rows(entityType, query.entityId);
    const end = firstIndexFrom(rows, query.seqBefore);
    return rows.slice(Math.max(0, end - query.countMax), end);
  }

  async *scan(entityType: string): AsyncGenerator<JournalRow, void, void> {
    await this.#reach();
    for (const entityId of this.store.entityIds(entityType)) {
      yield* this.store.rows(entityType, entityId);
    }
  }

  /** Calls under way still have their effect, as they would in a database. */
  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #write(effect: (written: WrittenPart) => void): Promise<void> {
    this.#assertOpen();
    const fault = this.faults.takeWriteFault();
    await this.#reach();
    if (!fault) return effect('everything');
    const { written, landsAfterMs = 0 } = fault;
    if (landsAfterMs === 0) effect(written);
    else this.#timers.after(landsAfterMs, () => effect(written));
    throw unavailable();
  }

  /** Takes as long as the store is slow, and fails when it is away then. */
  async #reach(): Promise<void> {
    this.#assertOpen();
    if (this.faults.delayMs > 0) await sleep(this.#timers, this.faults.delayMs);
    if (this.faults.isDown) throw unavailable();
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new JournalError('closed', 'This journal was closed. Open another one.');
  }
}

function unavailable(): JournalError {
  return new JournalError('unavailable', 'The memory journal is away. Try again.');
}

/** The index of the first row whose seq is at least `seq`: rows are sorted, and few are missing. */
function firstIndexFrom(rows: readonly JournalRow[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.seq ?? seq) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
