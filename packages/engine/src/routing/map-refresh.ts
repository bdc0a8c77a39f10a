import type { Random, Timers } from '@chat-cluster/kernel';
import { Deadline } from './deadline.ts';
import type { KnownMaps } from './known-maps.ts';
import { PeerError, type Peers } from './peers.ts';

export type MapRefreshOptions = {
  readonly maps: KnownMaps;
  readonly peers: Peers;
  /** Nodes to ask first, before any member is known. */
  readonly bootstrap: readonly string[];
  /** Of one asked node. */
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly random: Random;
};

/** Asks nodes for their map, for a process that is not in the group. One look at a time for each entity type; who comes meanwhile gets its result. */
export class MapRefresh {
  readonly #options: MapRefreshOptions;
  readonly #looks = new Map<string, Promise<string | undefined>>();
  readonly #closing = new AbortController();

  constructor(options: MapRefreshOptions) {
    this.#options = options;
  }

  /**
   * Asks one node after the other, in random order, until one gives a map, which is learned if it is younger. Resolves with what went wrong, in words, if none did; never rejects.
   */
  look(entityType: string): Promise<string | undefined> {
    let look = this.#looks.get(entityType);
    if (look === undefined) {
      look = this.#look(entityType).finally(() => this.#looks.delete(entityType));
      this.#looks.set(entityType, look);
    }
    return look;
  }

  close(): void {
    this.#closing.abort();
  }

  async #look(entityType: string): Promise<string | undefined> {
    const { maps, peers, timers, timeoutMs } = this.#options;
    let trouble = 'no node is known that could say where it is';
    for (const endpoint of this.#endpoints(entityType)) {
      const deadline = new Deadline(timers, timeoutMs, this.#closing.signal);
      try {
        const options = { timeoutMs, signal: deadline.signal };
        maps.learn(entityType, await peers.shardMap(endpoint, entityType, options));
        return undefined;
      } catch (error) {
        if (this.#closing.signal.aborted) return 'this router is closed';
        const what = error instanceof PeerError ? error.message : 'gave no map in time';
        trouble = `${endpoint} ${what}`;
      } finally {
        deadline.clear();
      }
    }
    return trouble;
  }

  #endpoints(entityType: string): string[] {
    const { bootstrap, maps, random } = this.#options;
    const members = maps.youngest(entityType)?.members ?? [];
    const endpoints = [...new Set([...members.map(({ endpoint }) => endpoint), ...bootstrap])];
    for (let at = endpoints.length - 1; at > 0; at--) {
      const other = random.below(at + 1);
      [endpoints[at], endpoints[other]] = [endpoints[other]!, endpoints[at]!];
    }
    return endpoints;
  }
}
