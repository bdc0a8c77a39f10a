import type { AskOutcome, Question, WatchedEvent, WatchEnd } from './entity-owner.ts';
import { PeerError, type HopOptions, type Peers } from './peers.ts';
import { RouterError } from './router-error.ts';
import type { ShardMap } from './shard-map.ts';

type OnEvent = (event: WatchedEvent) => Promise<void> | undefined;

/** Other nodes for tests: what they do is the test's. An endpoint of which nothing is said refuses connections. */
export class ScriptedPeers implements Peers {
  /** Endpoints, in the order of the calls. */
  readonly asked: string[] = [];
  /** By endpoint. */
  readonly onAsk: Record<string, (signal: AbortSignal) => Promise<AskOutcome>> = {};
  onWatch:
    | ((
        endpoint: string,
        seqFrom: number,
        onEvent: OnEvent,
        signal: AbortSignal,
      ) => Promise<WatchEnd>)
    | undefined;
  /** What every node that is asked for it says. */
  map: ShardMap | undefined;
  /** Nodes that have no workers of any type that they are asked for. */
  readonly strangers: string[] = [];

  async ask(
    endpoint: string,
    _entityType: string,
    _question: Question,
    { signal }: HopOptions,
  ): Promise<AskOutcome> {
    this.asked.push(endpoint);
    return (this.onAsk[endpoint] ?? refuse)(signal);
  }

  async watch(
    endpoint: string,
    { seqFrom }: { readonly seqFrom: number },
    onEvent: OnEvent,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    return (this.onWatch ?? refuse)(endpoint, seqFrom, onEvent, signal);
  }

  async shardMap(endpoint: string): Promise<ShardMap> {
    if (this.strangers.includes(endpoint)) {
      throw new RouterError('unknown-entity-type', 'There are only lamps here.');
    }
    return endpoint.startsWith('dead') || this.map === undefined ? refuse() : this.map;
  }

  close(): void {
    this.asked.length = 0;
  }
}

async function refuse(): Promise<never> {
  throw new PeerError('refused', 'refused the connection');
}
