import type {
  EventBeforeQuery,
  EventQuery,
  Journal,
  JournalAppend,
  JournalRow,
  ShardRow,
  Snapshot,
} from '@chat-cluster/journal';
import type { Clock } from '@chat-cluster/kernel';
import { append } from './append.ts';
import { readEvents, readEventsBefore } from './read-events.ts';
import { scan } from './scan.ts';
import type { Session } from './session.ts';
import type { SettledWrites } from './settled-writes.ts';
import { pinPartitionCount, placeShard, readShards } from './shards.ts';
import { readSnapshots, writeSnapshots } from './snapshots.ts';

/** The journal in Cassandra. `openCassandraJournal` makes it. */
export class CassandraJournal implements Journal {
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #settled: SettledWrites;
  readonly #batchBytesMax: number;

  constructor(options: {
    session: Session;
    settled: SettledWrites;
    clock: Clock;
    batchBytesMax: number;
  }) {
    this.#session = options.session;
    this.#settled = options.settled;
    this.#clock = options.clock;
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
    const access = { session: this.#session, settled: this.#settled };
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
    await this.#session.close();
  }

  #shardAccess(): Parameters<typeof placeShard>[0] {
    return { session: this.#session, settled: this.#settled, clock: this.#clock };
  }
}
