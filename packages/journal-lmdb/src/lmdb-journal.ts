import { setImmediate } from 'node:timers/promises';
import {
  ConcurrencyLimit,
  type EventBeforeQuery,
  type EventQuery,
  type Journal,
  type JournalAppend,
  JournalError,
  type JournalRow,
  type ShardRow,
  type Snapshot,
} from '@chat-cluster/journal';
import { append } from './append.ts';
import { EntityKeys } from './keys.ts';
import { readError } from './lmdb-errors.ts';
import type { OpeningLock } from './opening-lock.ts';
import { readEvents, readPage } from './read-events.ts';
import { pinPartitionCount, placeShard, readShard } from './shards.ts';
import { readSnapshot, writeSnapshots } from './snapshots.ts';
import type { Tables } from './tables.ts';

/** Transactions under way: one is written, one more is ready when it ends; some are small. */
const WRITES_RUNNING_MAX = 4;
const WRITES_WAITING_MAX = 1_000;

/** Reads happen on this thread: after so many rows, about 2 ms, others have their turn. */
const ROWS_READ_PER_TURN = 1_000;

/** A query that finds nothing costs as much as a few rows. */
const ROWS_PER_QUERY = 3;

/** Rows of one page of a scan. Between pages no snapshot is held: an old one keeps LMDB's file growing. */
const SCAN_PAGE_ROWS = 1_000;

/** The journal in a folder of LMDB's. `openLmdbJournal` makes it. */
export class LmdbJournal implements Journal {
  readonly #tables: Tables;
  readonly #openingLock: OpeningLock;
  readonly #keysByType = new Map<string, EntityKeys>();
  readonly #writes = new ConcurrencyLimit({
    runningMax: WRITES_RUNNING_MAX,
    waitingMax: WRITES_WAITING_MAX,
  });
  #closed: Promise<void> | undefined;

  constructor(tables: Tables, openingLock: OpeningLock) {
    this.#tables = tables;
    this.#openingLock = openingLock;
  }

  async pinPartitionCount(entityType: string, partitionCount: number): Promise<number> {
    return this.#write(() =>
      pinPartitionCount(this.#tables, this.#keys(entityType), partitionCount),
    );
  }

  async readShards(
    entityType: string,
    shards: readonly number[],
  ): Promise<readonly (ShardRow | undefined)[]> {
    const keys = this.#keys(entityType);
    return this.#readEach(shards, (shard) => readShard(this.#tables, keys, shard));
  }

  async placeShard(entityType: string, shard: Omit<ShardRow, 'position'>): Promise<void> {
    return this.#write(() => placeShard(this.#tables, this.#keys(entityType), shard));
  }

  async append(batch: JournalAppend): Promise<void> {
    return this.#write(() => append(this.#tables, this.#keys(batch.entityType), batch));
  }

  async writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): Promise<void> {
    return this.#write(() => writeSnapshots(this.#tables, this.#keys(entityType), snapshots));
  }

  async readSnapshots(
    entityType: string,
    entityIds: readonly string[],
  ): Promise<readonly (Snapshot | undefined)[]> {
    const keys = this.#keys(entityType);
    return this.#readEach(entityIds, (entityId) => readSnapshot(this.#tables, keys, entityId));
  }

  async readEvents(
    entityType: string,
    queries: readonly EventQuery[],
  ): Promise<readonly (readonly JournalRow[])[]> {
    const keys = this.#keys(entityType);
    return this.#readEach(queries, (query) => readEvents(this.#tables, keys, query));
  }

  async readEventsBefore(
    entityType: string,
    { entityId, seqBefore, countMax }: EventBeforeQuery,
  ): Promise<readonly JournalRow[]> {
    // Rows have no gaps, so that the newest ones are those of the last numbers.
    const seqFrom = Math.max(0, seqBefore - countMax);
    if (seqFrom === seqBefore) return [];
    const query = { entityId, seqFrom, countMax: seqBefore - seqFrom };
    const [rows] = await this.readEvents(entityType, [query]);
    return rows ?? [];
  }

  async *scan(entityType: string): AsyncGenerator<JournalRow, void, void> {
    const keys = this.#keys(entityType);
    let last: JournalRow | undefined;
    do {
      const pageAfter = last;
      const read = (): readonly JournalRow[] =>
        readPage(this.#tables, keys, { last: pageAfter, countMax: SCAN_PAGE_ROWS });
      const [page] = await this.#readEach([0], read);
      yield* page ?? [];
      last = page?.at(-1);
    } while (last);
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    await this.#closed;
  }

  async #close(): Promise<void> {
    const { environment } = this.#tables;
    try {
      await this.#openingLock.whileAlone(() => environment.close());
    } catch (error) {
      // Somebody is paused in the middle of a write. Closing beside it is safe unless a third one opens.
      if (!(error instanceof JournalError)) throw error;
      await environment.close();
    }
    this.#openingLock.close();
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#writes.run(() =>
      this.#openingLock.whileShared(async () => {
        this.#assertOpen();
        return work();
      }),
    );
  }

  /** Reads on this thread, from the newest state that any process has committed. */
  async #readEach<Q, R>(questions: readonly Q[], read: (question: Q) => R): Promise<readonly R[]> {
    const answers: R[] = [];
    let rowsThisTurn = 0;
    this.#startTurn();
    for (const question of questions) {
      if (rowsThisTurn >= ROWS_READ_PER_TURN) {
        await setImmediate();
        this.#startTurn();
        rowsThisTurn = 0;
      }
      const answer = this.#read(() => read(question));
      rowsThisTurn += ROWS_PER_QUERY + (Array.isArray(answer) ? answer.length : 0);
      answers.push(answer);
    }
    return answers;
  }

  #startTurn(): void {
    this.#assertOpen();
    this.#tables.environment.resetReadTxn();
  }

  #read<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      throw readError(this.#tables.dir, error);
    }
  }

  #keys(entityType: string): EntityKeys {
    let keys = this.#keysByType.get(entityType);
    if (!keys) {
      keys = new EntityKeys(entityType);
      this.#keysByType.set(entityType, keys);
    }
    return keys;
  }

  #assertOpen(): void {
    if (!this.#closed) return;
    throw new JournalError('closed', 'This journal was closed. Open another one.');
  }
}
