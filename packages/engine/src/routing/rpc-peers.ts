import type { SecureClientSessionOptions } from 'node:http2';
import { Code, ConnectError, createClient, type Client } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import {
  EntityService,
  type WatchResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import { bearer } from '../rpc/rpc-access.ts';
import { defaultRpcLimits } from '../rpc/rpc-limits.ts';
import {
  decodeAskResponse,
  decodeMap,
  decodeNotOwner,
  encodeAskRequest,
} from './entity-messages.ts';
import type { AskOutcome, Question, WatchedEvent, WatchEnd } from './entity-owner.ts';
import { PeerError, type HopOptions, type Peers } from './peers.ts';
import { refusalOf } from './refusal.ts';
import type { ShardMap } from './shard-map.ts';

/** How a node shows who it is, the same to all others. */
export type PeerCredentials = {
  readonly secret?: string | undefined;
  /** Default: no TLS. `ca`: who signs the other nodes' certificates. */
  readonly tls?:
    | {
        readonly ca?: string | Buffer;
        readonly cert?: string | Buffer;
        readonly key?: string | Buffer;
      }
    | undefined;
};

/** A connection without calls is closed after this. */
const IDLE_CONNECTION_MS = 60_000;
/** One with calls, and one that is used again after this, is asked whether its peer lives … */
const PING_INTERVAL_MS = 2_000;
/** … which must answer by then. */
const PING_TIMEOUT_MS = 2_000;
/** More than a cluster has nodes: those not used for longest are closed. */
const PEER_COUNT_MAX = 1_024;

type Peer = {
  readonly session: Http2SessionManager;
  readonly client: Client<typeof EntityService>;
};

/** Other nodes over HTTP/2, one connection for each endpoint, opened when it is needed and opened again when it broke. */
export class RpcPeers implements Peers {
  readonly #credentials: PeerCredentials;
  readonly #headers: Readonly<Record<string, string>>;
  /** In the order of their last use. */
  readonly #peers = new Map<string, Peer>();

  constructor(credentials: PeerCredentials) {
    this.#credentials = credentials;
    const { secret } = credentials;
    this.#headers = secret === undefined ? {} : { authorization: bearer(secret) };
  }

  async ask(
    endpoint: string,
    entityType: string,
    question: Question,
    { timeoutMs, signal }: HopOptions,
  ): Promise<AskOutcome> {
    try {
      const request = encodeAskRequest(entityType, question, { isHop: true });
      const response = await this.#client(endpoint).ask(request, {
        timeoutMs,
        signal,
        headers: this.#headers,
      });
      const outcome = decodeAskResponse(response);
      if (outcome === undefined) throw new PeerError('failed', 'gave an answer that says nothing');
      return outcome;
    } catch (error) {
      const refusal = error instanceof ConnectError ? refusalOf(error) : undefined;
      if (refusal && refusal.code !== 'too-slow') {
        return { kind: 'refused', code: refusal.code, reason: refusal.reason };
      }
      throw peerErrorOf(error, signal);
    }
  }

  async watch(
    endpoint: string,
    watched: { readonly entityType: string; readonly entityId: string; readonly seqFrom: number },
    onEvent: (event: WatchedEvent) => Promise<void> | undefined,
    signal: AbortSignal,
  ): Promise<WatchEnd> {
    const { entityType, entityId, seqFrom } = watched;
    const ending = new AbortController();
    const request = { entityType, entityId, seqFrom: BigInt(seqFrom), isHop: true };
    const end = (): void => ending.abort(signal.reason);
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const messages = this.#client(endpoint).watch(request, {
        signal: ending.signal,
        headers: this.#headers,
      });
      return await readWatch(messages, onEvent);
    } catch (error) {
      const refusal = error instanceof ConnectError ? refusalOf(error) : undefined;
      if (refusal?.code === 'too-slow') return { kind: 'too-slow' };
      if (refusal) return { kind: 'refused', code: refusal.code, reason: refusal.reason };
      throw peerErrorOf(error, signal);
    } finally {
      signal.removeEventListener('abort', end);
      // A stream that was not read to its end stays open otherwise.
      ending.abort();
    }
  }

  async shardMap(
    endpoint: string,
    entityType: string,
    { timeoutMs, signal }: HopOptions,
  ): Promise<ShardMap> {
    try {
      const response = await this.#client(endpoint).shardMap(
        { entityType },
        { timeoutMs, signal, headers: this.#headers },
      );
      return decodeMap(response);
    } catch (error) {
      throw peerErrorOf(error, signal);
    }
  }

  /** Ends all calls. */
  close(): void {
    for (const { session } of this.#peers.values()) session.abort();
    this.#peers.clear();
  }

  #client(endpoint: string): Client<typeof EntityService> {
    const peer = this.#peers.get(endpoint) ?? this.#connect(endpoint);
    this.#peers.delete(endpoint);
    this.#peers.set(endpoint, peer);
    if (this.#peers.size > PEER_COUNT_MAX) this.#dropOldest();
    return peer.client;
  }

  #connect(endpoint: string): Peer {
    const { tls } = this.#credentials;
    const baseUrl = `${tls ? 'https' : 'http'}://${endpoint}`;
    const settings: SecureClientSessionOptions = { ...tls };
    const session = new Http2SessionManager(
      baseUrl,
      {
        pingIntervalMs: PING_INTERVAL_MS,
        pingTimeoutMs: PING_TIMEOUT_MS,
        idleConnectionTimeoutMs: IDLE_CONNECTION_MS,
      },
      settings,
    );
    const transport = createGrpcTransport({
      baseUrl,
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

async function readWatch(
  messages: AsyncIterable<WatchResponse>,
  onEvent: (event: WatchedEvent) => Promise<void> | undefined,
): Promise<WatchEnd> {
  for await (const { message } of messages) {
    if (message.case === 'notOwner') {
      return { kind: 'not-owner', map: decodeNotOwner(message.value) };
    }
    if (message.case === undefined) continue;
    const { seq, event, skippedCount, timestampMs } = message.value;
    await onEvent({
      seq: Number(seq),
      event,
      timestampMs: Number(timestampMs),
      skippedCount: Number(skippedCount),
    });
  }
  throw new PeerError('broken', 'ended the watch without a reason');
}

/** What a call failed with as what the peer did; the reason of the caller's signal if that ended it. */
function peerErrorOf(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof ConnectError)) return error;
  const options = { cause: error };
  if (isRefusedConnection(error)) {
    return new PeerError('refused', 'refused the connection', options);
  }
  const said = error.rawMessage;
  if (error.code === Code.Unauthenticated) {
    return new PeerError('unauthenticated', `did not let this node in (${said})`, options);
  }
  if (error.code === Code.DeadlineExceeded) {
    return new PeerError('silent', 'gave no answer in time', options);
  }
  if (brokenCodes.has(error.code)) {
    return new PeerError('broken', `broke the connection (${said})`, options);
  }
  return new PeerError('failed', `failed (${said})`, options);
}

/** What the client makes of a connection or a stream that ended under a call. */
const brokenCodes: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Aborted, Code.Canceled]);

/** Of a name with several addresses, all must have refused. */
function isRefusedConnection(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof AggregateError) {
      return cause.errors.length > 0 && cause.errors.every(isRefusedConnection);
    }
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return true;
  }
  return false;
}
