import type {
  EventBeforeQuery,
  EventQuery,
  Journal,
  JournalAppend,
  JournalRow,
  ShardRow,
  Snapshot,
} from '@chat-cluster/journal';
import type { Clock, Timers } from '@chat-cluster/kernel';
import { append } from './append.ts';
import { PositionWriter } from './position-writer.ts';
import { readEvents, readEventsBefore } from './read-events.ts';
import { scan } from './scan.ts';
import type { Session } from './session.ts';
import { pinPartitionCount, placeShard, readShards } from './shards.ts';
import { readSnapshots, writeSnapshots } from './snapshots.ts';

/** The journal in Cassandra. `openCassandraJournal` makes it. */
export class CassandraJournal implements Journal {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #positions: PositionWriter;
  readonly #batchBytesMax: number;

  constructor(options: {
    session: Session;
    clock: Clock;
    timers: Timers;
    batchBytesMax: number;
    positionDelayMs: number;
  }) {
    const { session, timers } = options;
    this.#session = session;
    this.#clock = options.clock;
    this.#positions = new PositionWriter({ session, timers, delayMs: options.positionDelayMs });
    this.#batchBytesMax = options.batchBytesMax;
  }

  async pinPartitionCount(entityType: string, partitionCount: number): Promise<number> {
    return pinPartitionCount(this.#shardAccess(), entityType, partitionCount);
  }

  async readShards(
    entityType: string,
    shards: readonly number[],
  ): Promise<readonly (ShardRow | undefined)[]> {
    return readShards(this.#session, entityType, shards);
  }

  async placeShard(entityType: string, shard: Omit<ShardRow, 'position'>): Promise<void> {
    return placeShard(this.#shardAccess(), entityType, shard);
  }

  async append(batch: JournalAppend): Promise<void> {
    const access = { session: this.#session, positions: this.#positions };
    return append(access, batch, { batchBytesMax: this.#batchBytesMax });
  }

  async writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): Promise<void> {
    const batchBytesMax = this.#batchBytesMax;
    return writeSnapshots(this.#session, entityType, { snapshots, batchBytesMax });
  }

  async readSnapshots(
    entityType: string,
    entityIds: readonly string[],
  ): Promise<readonly (Snapshot | undefined)[]> {
    return readSnapshots(this.#session, entityType, entityIds);
  }

  async readEvents(
    entityType: string,
    queries: readonly EventQuery[],
  ): Promise<readonly (readonly JournalRow[])[]> {
    return readEvents(this.#session, entityType, queries);
  }

  async readEventsBefore(
    entityType: string,
    query: EventBeforeQuery,
  ): Promise<readonly JournalRow[]> {
    return readEventsBefore(this.#session, entityType, query);
  }

  scan(entityType: string): AsyncIterable<JournalRow> {
    return scan(this.#session, entityType);
  }

  async close(): Promise<void> {
    this.#positions.close();
    await this.#session.close();
  }

  #shardAccess(): { readonly session: Session; readonly clock: Clock } {
    return { session: this.#session, clock: this.#clock };
  }
}
