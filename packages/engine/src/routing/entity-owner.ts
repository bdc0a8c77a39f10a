import type { RetiredPart } from '../hand-over/former-owners.ts';
import type { ShardMap } from './shard-map.ts';

/** A place in an input topic: everything before `offsetNext` is included. A topic that was created anew is another log. */
export type InputPosition = {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offsetNext: number;
};

export type Question = {
  readonly entityId: string;
  /** In the application's own encoding. */
  readonly question: Uint8Array;
  /** Confirmed by a heartbeat that is sent after the question came. Default: the lease is enough. */
  readonly isCurrent: boolean;
  /** The answer includes what the input records before this position lead to. */
  readonly including: InputPosition | undefined;
};

export type Answer = {
  /** In the application's own encoding. */
  readonly answer: Uint8Array;
  /** Events 0 … seqNext - 1 of the entity are in the answer. */
  readonly seqNext: number;
  /** Of the entity's home partition, one for each input topic. */
  readonly positions: readonly InputPosition[];
  /** Name of the worker that answered. */
  readonly worker: string;
};

/** What is wrong with the question itself: asking again does not help. */
export type RefusedCode =
  | 'unknown-entity-type'
  | 'invalid-entity-id'
  | 'invalid-position'
  | 'invalid-question'
  /** The entity's code threw while its state was built: an operator has to look at its quarantine. */
  | 'unreadable-state'
  /** More questions are under way than a worker takes. */
  | 'overloaded';

export type Refused = {
  readonly kind: 'refused';
  readonly code: RefusedCode;
  readonly reason: string;
};

export type AskOutcome =
  | { readonly kind: 'answered'; readonly answer: Answer }
  /** `map`: the youngest one that the asked worker has. */
  | { readonly kind: 'not-owner'; readonly map: ShardMap | undefined }
  | Refused;

export type WatchedEvent = {
  readonly seq: number;
  readonly event: Uint8Array;
  /** The input's time. */
  readonly timestampMs: number;
  /**
   * So many events directly before it are the engine's own (an operator's affair, given to no watcher). They have a seq each: what is given after `seq` n - 1, or first from n on, has
   * `seq` n + skippedCount.
   */
  readonly skippedCount: number;
};

/** How a watch ended that its caller did not end. `too-slow`: more waited for the watcher than a watch may hold, and it took nothing for a while. */
export type WatchEnd =
  | { readonly kind: 'not-owner'; readonly map: ShardMap | undefined }
  | { readonly kind: 'too-slow' }
  | Refused;

/** The workers of one entity type that live in this process, to whoever asks: the service between nodes, or a front end beside them. */
export interface EntityOwner {
  readonly entityType: string;
  readonly shardCount: number;
  /** Undefined before the first assignment. The last one stays while the worker is out of the group. */
  map(): ShardMap | undefined;
  /** Calls back after each new map, until the returned function is called. */
  onMap(callback: (map: ShardMap) => void): () => void;
  /** Whether this member of the group lives here. */
  isMember(memberId: string): boolean;
  /** Resolves when the worker has left its group as planned: its shards are free. Never rejects. */
  readonly left: Promise<void>;
  /**
   * Answers, if a worker here owns the entity's shard: from what was decided when the question came, once that has committed, while the lease holds. Waits for that (a shard that
   * is taken over here, a journal that is away, a lease that is late) until the signal is aborted, and rejects with its reason then. A shard that moves away ends it with `not-owner`.
   */
  ask(question: Question, signal: AbortSignal): Promise<AskOutcome>;
  /**
   * Gives the entity's committed events from `seqFrom` on to `onEvent`, in order, without gap or repeat, until the signal is aborted (then rejects with its reason) or the watch ends.
   * A promise that `onEvent` returns is waited for before the next event.
   */
  watch(
    options: { readonly entityId: string; readonly seqFrom: number },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd>;
  /** What it keeps of shards that it gave up, part by part, shard by shard; of each at least one part. */
  retiredParts(shards: readonly number[]): Iterable<RetiredPart>;
}
