import type {
  AskOutcome,
  EntityOwner,
  Question,
  RetiredPart,
  ShardMap,
  WatchedEvent,
  WatchEnd,
} from '@chat-cluster/engine';
import { assert, deferred } from '@chat-cluster/kernel';

/**
 * The worker of this process, before and after it is there: it tells the group where it answers, so its port listens before it joins. Until then it owns nothing.
 */
export class LateOwner implements EntityOwner {
  readonly entityType: string;
  readonly #left = deferred<void>();
  readonly #callbacks = new Set<(map: ShardMap) => void>();
  #owner: EntityOwner | undefined;

  constructor(entityType: string) {
    this.entityType = entityType;
  }

  /** From now on the worker answers. */
  became(owner: EntityOwner): void {
    assert(this.#owner === undefined, 'A process has one worker.');
    this.#owner = owner;
    const tell = (map: ShardMap): void => {
      for (const callback of this.#callbacks) callback(map);
    };
    owner.onMap(tell);
    void owner.left.then(() => this.#left.resolve());
    const map = owner.map();
    if (map !== undefined) tell(map);
  }

  /** 0 until it is known. */
  get shardCount(): number {
    return this.#owner?.shardCount ?? 0;
  }

  map(): ShardMap | undefined {
    return this.#owner?.map();
  }

  onMap(callback: (map: ShardMap) => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  isMember(memberId: string): boolean {
    return this.#owner?.isMember(memberId) ?? false;
  }

  get left(): Promise<void> {
    return this.#left.promise;
  }

  retiredParts(shards: readonly number[]): Iterable<RetiredPart> {
    return this.#owner?.retiredParts(shards) ?? [];
  }

  async ask(question: Question, signal: AbortSignal): Promise<AskOutcome> {
    return this.#owner?.ask(question, signal) ?? { kind: 'not-owner', map: undefined };
  }

  async watch(
    options: { readonly entityId: string; readonly seqFrom: number },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    return this.#owner?.watch(options, onEvent, signal) ?? { kind: 'not-owner', map: undefined };
  }
}
