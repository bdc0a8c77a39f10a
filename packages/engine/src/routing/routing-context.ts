import type { Clock, Random, Timers } from '@chat-cluster/kernel';
import type { KnownMaps } from './known-maps.ts';
import type { LocalOwners } from './local-owners.ts';
import type { MapRefresh } from './map-refresh.ts';
import type { Peers } from './peers.ts';
import type { RoutingCounters } from './routing-counters.ts';
import type { RoutingLimits } from './routing-limits.ts';

/** What every question and watch of a router stands on. */
export type RoutingContext = {
  readonly maps: KnownMaps;
  readonly owners: LocalOwners;
  readonly peers: Peers;
  readonly refresh: MapRefresh;
  readonly limits: RoutingLimits;
  readonly counters: RoutingCounters;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
};
