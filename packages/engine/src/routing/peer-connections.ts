import { createClient, type Client } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Timers } from '@chat-cluster/kernel';
import { EntityService } from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { defaultRpcLimits } from '../rpc/rpc-limits.ts';
import { PeerSession, type PeerTls } from './peer-session.ts';
import { PeerError } from './peers.ts';

/** More than a cluster has nodes: those not used for longest are closed. */
const PEER_COUNT_MAX = 1_024;

type Peer = {
  readonly session: PeerSession;
  readonly client: Client<typeof EntityService>;
};

/** One HTTP/2 connection for each endpoint. */
export class PeerConnections {
  readonly #tls: PeerTls | undefined;
  readonly #timers: Timers;
  /** By endpoint, in the order of their last use. */
  readonly #peers = new Map<string, Peer>();

  constructor(tls: PeerTls | undefined, timers: Timers) {
    this.#tls = tls;
    this.#timers = timers;
  }

  /** Throws a PeerError for an endpoint that is none. */
  client(endpoint: string): Client<typeof EntityService> {
    return this.#use(endpoint).client;
  }

  /** Throws a PeerError for an endpoint that is none. */
  session(endpoint: string): PeerSession {
    return this.#use(endpoint).session;
  }

  #use(endpoint: string): Peer {
    const peer = this.#peers.get(endpoint) ?? this.#make(endpoint);
    this.#peers.delete(endpoint);
    this.#peers.set(endpoint, peer);
    if (this.#peers.size > PEER_COUNT_MAX) this.#dropOldest();
    return peer;
  }

  /** Ends all calls. */
  close(): void {
    for (const { session } of this.#peers.values()) session.abort();
    this.#peers.clear();
  }

  #make(endpoint: string): Peer {
    const url = URL.parse(`${this.#tls ? 'https' : 'http'}://${endpoint}`);
    if (url === null) throw new PeerError('broken', 'has an endpoint that is not HOST:PORT');
    const baseUrl = url.origin;
    const session = new PeerSession(baseUrl, { tls: this.#tls, timers: this.#timers });
    // A call of the Connect protocol has no envelope and no trailers: half of the CPU of one of gRPC.
    const transport = createConnectTransport({
      baseUrl,
      httpVersion: '2',
      sessionManager: session,
      acceptCompression: [],
      readMaxBytes: defaultRpcLimits.messageBytesMax,
    });
    return { session, client: createClient(EntityService, transport) };
  }

  #dropOldest(): void {
    for (const [endpoint, { session }] of this.#peers) {
      session.abort();
      this.#peers.delete(endpoint);
      return;
    }
  }
}
