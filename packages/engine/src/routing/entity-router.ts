import type { Clock, Random, Timers } from '@chat-cluster/kernel';
import { askEntity, type AskOptions } from './ask-entity.ts';
import type { Answer, EntityOwner } from './entity-owner.ts';
import { KnownMaps } from './known-maps.ts';
import { LocalOwners } from './local-owners.ts';
import { MapRefresh } from './map-refresh.ts';
import type { Peers } from './peers.ts';
import type { RoutingContext } from './routing-context.ts';
import { RoutingCounters } from './routing-counters.ts';
import { defaultRoutingLimits, type RoutingLimits } from './routing-limits.ts';
import { watchEntity, type OnEvent, type Watched } from './watch-entity.ts';

export type EntityRouterOptions = {
  /** The workers of this process, of one or more types; none in a process outside of the group. */
  readonly owners: readonly EntityOwner[];
  readonly peers: Peers;
  /** Endpoints (HOST:PORT) of nodes that are asked for the map of a type without a worker here. Default: none. */
  readonly bootstrap?: readonly string[];
  readonly limits?: Partial<RoutingLimits>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
};

/** Asks and watches entities, whoever owns them: the worker in this process, or another node, one hop away. */
export class EntityRouter {
  readonly counters = new RoutingCounters();
  readonly maps = new KnownMaps();
  readonly owners: LocalOwners;
  readonly #context: RoutingContext;
  readonly #offMaps: readonly (() => void)[];

  constructor(options: EntityRouterOptions) {
    const { owners, peers, bootstrap = [], clock, timers, random } = options;
    const limits = { ...defaultRoutingLimits, ...options.limits };
    const { maps, counters } = this;
    this.owners = new LocalOwners(owners, maps);
    this.#offMaps = owners.map((owner) => maps.follow(owner));
    const timeoutMs = limits.hopTimeoutMs;
    const refresh = new MapRefresh({ maps, peers, bootstrap, timeoutMs, timers, random });
    this.#context = {
      maps,
      owners: this.owners,
      peers,
      refresh,
      limits,
      counters,
      clock,
      timers,
      random,
    };
  }

  /**
   * The entity's answer to a question in the application's encoding. Waits while the shard moves. Rejects with a RouterError: `unavailable` after the deadline, or the owner's refusal.
   */
  async ask(
    entityType: string,
    entityId: string,
    question: Uint8Array,
    options: AskOptions = {},
  ): Promise<Answer> {
    const { isCurrent = false, including } = options;
    const asked = { entityType, question: { entityId, question, isCurrent, including } };
    return askEntity(this.#context, asked, options);
  }

  /**
   * Gives the entity's committed events from `seqFrom` on to `onEvent`, in order, without gap or repeat, also while its shard moves, until the signal is aborted: rejects with its reason
   * then, or with a RouterError.
   */
  async watch(watched: Watched, onEvent: OnEvent, signal: AbortSignal): Promise<never> {
    return watchEntity(this.#context, watched, onEvent, signal);
  }

  /** Follows the maps of its workers no longer. Its peers are closed by who made them. */
  close(): void {
    this.#context.refresh.close();
    for (const off of this.#offMaps) off();
  }
}
