import type { Counters, EntityRouter, Explain, ShardMap, ShardStatus } from '@chat-cluster/engine';

/** What a worker tells of itself, in plain values: it may live in another process. */
export type WorkerStatus = {
  readonly kind: 'status';
  readonly name: string;
  /** HOST:PORT where it answers other nodes. */
  readonly endpoint: string;
  /** Whether it takes in what its shards get. */
  readonly isProcessing: boolean;
  /** Sentences about what is not as it should be. */
  readonly troubles: readonly string[];
  readonly shards: readonly ShardStatus[];
  /** Who owns which shard, as it knows it; undefined before its first assignment. */
  readonly map: ShardMap | undefined;
  readonly counters: WorkerCounters;
  readonly routing: RoutingCounts;
  readonly backlogBytes: number;
  readonly entityBytes: number;
  readonly memory: ProcessMemory;
};

/** Plain values: what is computed from them is not sent to another process. */
export type WorkerCounters = Readonly<
  Omit<Counters, 'refused' | 'label' | 'lastRefused' | 'locality'>
>;

/** What the process has asked others, and what others have asked it. */
export type RoutingCounts = Readonly<EntityRouter['counters']>;

/** Of the process that the worker lives in, in bytes. */
export type ProcessMemory = Readonly<
  Record<'rss' | 'heapTotal' | 'heapUsed' | 'external' | 'arrayBuffers', number>
>;

/** A worker that cannot tell: its process has ended, or does not answer. */
export type AbsentWorker = {
  readonly kind: 'absent';
  readonly name: string;
  /** A sentence: why, and what happens next. */
  readonly reason: string;
};

/** A worker of this node, wherever it lives. */
export interface NodeWorker {
  /** Never rejects. */
  look(): Promise<WorkerStatus | AbsentWorker>;
  /** Tells what became of a record or a message; a worker that is not there refuses with `unreadable`. */
  readonly explain: Explain;
  /** Drains, commits, leaves the group, writes the journal. Idempotent. */
  stop(): Promise<void>;
}
