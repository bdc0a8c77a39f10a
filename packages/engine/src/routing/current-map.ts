import type { Generation } from '@chat-cluster/log';
import type { AssignedMap } from '../partition/assignment-data.ts';
import type { ShardMap } from './shard-map.ts';

/** The youngest map that a worker was given, and who it was in that generation. It is kept while the worker is out of the group. */
export class CurrentMap {
  readonly #callbacks = new Set<(map: ShardMap) => void>();
  #map: ShardMap | undefined;
  #memberId: string | undefined;

  /** Undefined before the first assignment that had one. */
  get map(): ShardMap | undefined {
    return this.#map;
  }

  /** The member of the group that this worker is, or was last. */
  get memberId(): string | undefined {
    return this.#memberId;
  }

  /** An assignment came. Nobody is told yet. */
  take({ generationId, memberId }: Generation, assigned: AssignedMap | undefined): void {
    this.#memberId = memberId;
    if (assigned === undefined) return;
    const members = assigned.members.map(({ name, endpoint, memberId: id }) => ({
      name,
      endpoint,
      memberId: id,
    }));
    this.#map = { generationId, members, owners: assigned.owners };
  }

  tell(): void {
    const map = this.#map;
    if (map === undefined) return;
    for (const callback of [...this.#callbacks]) callback(map);
  }

  /** Calls back each time that tell() is called, until the returned function is. */
  onMap(callback: (map: ShardMap) => void): () => void {
    const own = (map: ShardMap): void => callback(map);
    this.#callbacks.add(own);
    return () => void this.#callbacks.delete(own);
  }
}
