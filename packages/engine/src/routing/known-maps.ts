import type { EntityOwner } from './entity-owner.ts';
import type { ShardMap } from './shard-map.ts';

/**
 * The youngest map of each entity type that this process has seen: with an assignment of its own worker, or from another node. An older one than that never replaces it.
 */
export class KnownMaps {
  readonly #youngest = new Map<string, ShardMap>();
  readonly #callbacks = new Map<string, Set<(map: ShardMap) => void>>();

  /** @param owners their maps are learned as they come, until the returned function of `follow` is called */
  follow(owner: EntityOwner): () => void {
    const map = owner.map();
    if (map) this.learn(owner.entityType, map);
    return owner.onMap((younger) => this.learn(owner.entityType, younger));
  }

  youngest(entityType: string): ShardMap | undefined {
    return this.#youngest.get(entityType);
  }

  /** Keeps the map if it is the youngest. Of two maps of one generation, which are equal, the first stays. */
  learn(entityType: string, map: ShardMap): void {
    const known = this.#youngest.get(entityType);
    if (known && known.generationId >= map.generationId) return;
    this.#youngest.set(entityType, map);
    for (const callback of [...(this.#callbacks.get(entityType) ?? [])]) callback(map);
  }

  /** Calls back after each younger map of the type, until the returned function is called. */
  onYounger(entityType: string, callback: (map: ShardMap) => void): () => void {
    const callbacks = this.#callbacks.get(entityType) ?? new Set();
    this.#callbacks.set(entityType, callbacks);
    callbacks.add(callback);
    return () => {
      callbacks.delete(callback);
      if (callbacks.size === 0 && this.#callbacks.get(entityType) === callbacks) {
        this.#callbacks.delete(entityType);
      }
    };
  }
}
