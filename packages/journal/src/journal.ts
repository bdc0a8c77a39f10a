/** Where an event came from: a record of an input topic. `topicId` names the incarnation of the topic. */
export type EventSource = {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
};

/** One committed event of an entity. Rows are facts: the same (entityType, entityId, seq) always has the same bytes. */
export type JournalRow = {
  readonly entityId: string;
  /** Position among all events of the entity, from 0, without gaps. */
  readonly seq: number;
  /** The value of the event's record, as it is in the event topic (JSON, UTF-8). */
  readonly event: Uint8Array;
  /** Time of the input record, milliseconds since 1970. */
  readonly timestampMs: number;
  readonly source: EventSource;
};

/** The state of an entity after the event `seq`. Of two snapshots of an entity the one with the higher seq stays, in whatever order they are written. */
export type Snapshot = {
  readonly entityId: string;
  readonly seq: number;
  readonly state: Uint8Array;
};

/** Everything of the shard's event-topic partition below `offset` is in the journal; `eventNumber` counts the shard's events up to there (0 for none). */
export type JournalPosition = { readonly offset: number; readonly eventNumber: number };

/** What the journal knows of a shard. */
export type ShardRow = {
  readonly shard: number;
  readonly eventTopicId: string;
  /** Topic id → name, of all input topics that were ever consumed for this shard: a topic that was created anew is another one beside the first. */
  readonly inputTopicIds: Readonly<Record<string, string>>;
  readonly position: JournalPosition;
};

/** A write of the tail of some shards. The positions become visible only after all rows are durable. */
export type JournalAppend = {
  readonly entityType: string;
  readonly rows: readonly JournalRow[];
  readonly positions: readonly (JournalPosition & { readonly shard: number })[];
};

/** Up to `countMax` (at least 1) rows of an entity from `seqFrom` on. */
export type EventQuery = {
  readonly entityId: string;
  readonly seqFrom: number;
  readonly countMax: number;
};

/** Up to `countMax` (at least 1) rows of an entity before `seqBefore`. */
export type EventBeforeQuery = {
  readonly entityId: string;
  readonly seqBefore: number;
  readonly countMax: number;
};

/**
 * Where committed events are kept. It is written behind the log, so every write is idempotent and may come late, twice, or from a former owner:
 * rows are always the same bytes, and snapshots and positions compare (seq, event number) so that an older one loses.
 * Operating errors are JournalErrors. Writes are retried by the caller; an adapter bounds its own concurrency.
 */
export interface Journal {
  /**
   * Fixes the partition count of an entity type when it is first placed; later calls change nothing. Returns the count that is pinned.
   * Sharding depends on it: with another count the same entity would have two homes.
   */
  pinPartitionCount(entityType: string, partitionCount: number): Promise<number>;
  /** In the order asked; undefined for a shard that was never placed. */
  readShards(
    entityType: string,
    shards: readonly number[],
  ): Promise<readonly (ShardRow | undefined)[]>;
  /** Places a shard at its first taking over (position 0, event number 0), or adds input topics to it. What is placed stays: neither the position nor a listed topic ever changes. */
  placeShard(entityType: string, shard: Omit<ShardRow, 'position'>): Promise<void>;
  /** Durable when resolved. At most 1,000 rows or 1 MiB of events a call is a good size. 'too-large' for an event above `EVENT_BYTES_MAX`. */
  append(batch: JournalAppend): Promise<void>;
  /** 'too-large' for a state above `SNAPSHOT_BYTES_MAX`. */
  writeSnapshots(entityType: string, snapshots: readonly Snapshot[]): Promise<void>;
  /** The newest snapshot of each entity, in the order asked. As few round trips as the store allows. */
  readSnapshots(
    entityType: string,
    entityIds: readonly string[],
  ): Promise<readonly (Snapshot | undefined)[]>;
  /**
   * For each query up to `countMax` rows from `seqFrom` on, ascending by seq, in the order asked; fewer only at the end of the entity's rows. A brand-new entity (seqFrom 0, no rows) costs one read.
   * Rows behind a gap, which only a write under way can leave, may be left out.
   */
  readEvents(
    entityType: string,
    queries: readonly EventQuery[],
  ): Promise<readonly (readonly JournalRow[])[]>;
  /** Up to `countMax` rows with seq < `seqBefore`, the newest of them, ascending by seq. `seqBefore` is at most the entity's next seq; rows in front of a gap may be left out. */
  readEventsBefore(entityType: string, query: EventBeforeQuery): Promise<readonly JournalRow[]>;
  /** Every row of an entity type, each entity's ascending by seq, entities in any order. For tools; rows written meanwhile may be missing. */
  scan(entityType: string): AsyncIterable<JournalRow>;
  close(): Promise<void>;
}
