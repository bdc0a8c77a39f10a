import type { Random, Timers } from '@chat-cluster/kernel';
import { Deadline } from './deadline.ts';
import type { KnownMaps } from './known-maps.ts';
import { PeerError, type Peers } from './peers.ts';
import { RouterError } from './router-error.ts';

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

/** `trouble`: in words. `unknown-type`: all nodes that there are have workers, none of that type; the sentence is one of theirs. */
export type Looked =
  | { readonly kind: 'learned' }
  | { readonly kind: 'trouble'; readonly trouble: string }
  | { readonly kind: 'unknown-type'; readonly reason: string };

/** Asks nodes for their map, for a process that is not in the group. One look at a time for each entity type; who comes meanwhile gets its result. */
export class MapRefresh {
  readonly #options: MapRefreshOptions;
  readonly #looks = new Map<string, Promise<Looked>>();
  readonly #closing = new AbortController();

  constructor(options: MapRefreshOptions) {
    this.#options = options;
  }

  /**
   * Asks one node after the other, in random order, until one gives a map, which is learned if it is younger. Never rejects.
   */
  look(entityType: string): Promise<Looked> {
    let look = this.#looks.get(entityType);
    if (look === undefined) {
      look = this.#look(entityType).finally(() => this.#looks.delete(entityType));
      this.#looks.set(entityType, look);
    }
    return look;
  }

  /** Whether there is a node to ask. */
  canLook(entityType: string): boolean {
    const { bootstrap, maps } = this.#options;
    return bootstrap.length > 0 || maps.youngest(entityType) !== undefined;
  }

  close(): void {
    this.#closing.abort();
  }

  async #look(entityType: string): Promise<Looked> {
    const { maps, peers, timers, timeoutMs } = this.#options;
    let trouble = 'no node is known that could say where it is';
    let unknown: string | undefined;
    let isUnknownToAll = true;
    for (const endpoint of this.#endpoints(entityType)) {
      const deadline = new Deadline(timers, timeoutMs, this.#closing.signal);
      try {
        const options = { timeoutMs, signal: deadline.signal };
        maps.learn(entityType, await peers.shardMap(endpoint, entityType, options));
        return { kind: 'learned' };
      } catch (error) {
        if (this.#closing.signal.aborted) {
          return { kind: 'trouble', trouble: 'this router is closed' };
        }
        if (error instanceof RouterError) {
          unknown = error.message;
          continue;
        }
        isUnknownToAll = false;
        const what = error instanceof PeerError ? error.message : 'gave no map in time';
        trouble = `${endpoint} ${what}`;
      } finally {
        deadline.clear();
      }
    }
    if (unknown !== undefined && isUnknownToAll) return { kind: 'unknown-type', reason: unknown };
    return { kind: 'trouble', trouble };
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
