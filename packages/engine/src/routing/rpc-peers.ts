import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Timers } from '@chat-cluster/kernel';
import {
  AskRequestSchema,
  AskResponseSchema,
  EntityService,
  type WatchResponse,
} from '../gen/chatcluster/engine/v1/entity_service_pb.ts';
import type { FormerOwner, FormerOwners, RetiredPart } from '../hand-over/former-owners.ts';
import { decodeRetiredPart } from '../hand-over/retired-messages.ts';
import { bearer } from '../rpc/rpc-access.ts';
import { defaultRpcLimits } from '../rpc/rpc-limits.ts';
import type { Attending, AttendingOptions, Probed } from './attending.ts';
import { Deadline } from './deadline.ts';
import {
  decodeAskResponse,
  decodeMap,
  decodeNotOwner,
  encodeAskRequest,
} from './entity-messages.ts';
import type { AskOutcome, Question, WatchedEvent, WatchEnd } from './entity-owner.ts';
import { callPeer } from './peer-call.ts';
import { PeerConnections } from './peer-connections.ts';
import type { PeerTls } from './peer-session.ts';
import { PeerError, type HopOptions, type Peers } from './peers.ts';
import { probeEndpoint } from './probe-endpoint.ts';
import { refusalOf } from './refusal.ts';
import { isRefusedConnection } from './refused-connection.ts';
import { RouterError } from './router-error.ts';
import type { ShardMap } from './shard-map.ts';

/** How a node shows who it is, the same to all others. */
export type PeerCredentials = {
  readonly secret?: string | undefined;
  /** Default: no TLS. */
  readonly tls?: PeerTls | undefined;
};

const ASK_PATH = `/${EntityService.typeName}/${EntityService.method.ask.name}`;

/** Other nodes over HTTP/2, one connection for each endpoint, opened when it is needed and opened again when it broke. */
export class RpcPeers implements Peers, Attending, FormerOwners {
  readonly #connections: PeerConnections;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timers: Timers;

  constructor({ secret, tls }: PeerCredentials, timers: Timers) {
    this.#connections = new PeerConnections(tls, timers);
    this.#timers = timers;
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
      const call = {
        path: ASK_PATH,
        message: toBinary(AskRequestSchema, request),
        headers: this.#headers,
        timeoutMs,
        bytesMax: defaultRpcLimits.messageBytesMax,
      };
      const answer = await callPeer(this.#connections.session(endpoint), call, signal);
      const outcome = decodeAskResponse(fromBinary(AskResponseSchema, answer));
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
      const messages = this.#connections.client(endpoint).watch(request, {
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
      const response = await this.#connections
        .client(endpoint)
        .shardMap({ entityType }, { timeoutMs, signal, headers: this.#headers });
      return decodeMap(response);
    } catch (error) {
      const refusal = error instanceof ConnectError ? refusalOf(error) : undefined;
      if (refusal?.code === 'unknown-entity-type') {
        throw new RouterError(refusal.code, refusal.reason, { cause: error });
      }
      throw peerErrorOf(error, signal);
    }
  }

  async retiredStates(
    { endpoint, memberId }: FormerOwner,
    { entityType, shards }: { readonly entityType: string; readonly shards: readonly number[] },
    onPart: (part: RetiredPart) => void,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const request = { entityType, memberId, shards: [...shards] };
      const options = { signal, headers: this.#headers };
      const parts = this.#connections.client(endpoint).retiredStates(request, options);
      for await (const part of parts) onPart(decodeRetiredPart(part));
    } catch (error) {
      throw peerErrorOf(error, signal);
    }
  }

  probe(endpoint: string, options: AttendingOptions): Promise<Probed> {
    return probeEndpoint(endpoint, { ...options, timers: this.#timers });
  }

  async attend(
    endpoint: string,
    memberId: string,
    onConfirmed: () => void,
    { timeoutMs, signal }: AttendingOptions,
  ): Promise<'not-here' | 'stream-broke' | 'unclear' | 'shut-out'> {
    const confirming = new Deadline(this.#timers, timeoutMs, signal);
    const ending = new AbortController();
    const end = (): void => ending.abort(signal.reason);
    confirming.signal.addEventListener('abort', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    let isConfirmed = false;
    try {
      const stream = this.#connections
        .client(endpoint)
        .attend({ memberId }, { signal: ending.signal, headers: this.#headers });
      for await (const _ of stream) {
        confirming.clear();
        if (!isConfirmed) onConfirmed();
        isConfirmed = true;
      }
      return 'stream-broke';
    } catch (error) {
      signal.throwIfAborted();
      if (!isConfirmed && confirming.hasPassed) return 'unclear';
      if (!(error instanceof ConnectError)) throw error;
      if (!error.isWireError) return 'stream-broke';
      if (error.code === Code.Unauthenticated) return 'shut-out';
      return error.code === Code.NotFound ? 'not-here' : 'unclear';
    } finally {
      signal.removeEventListener('abort', end);
      confirming.clear();
      ending.abort();
    }
  }

  /** Ends all calls. */
  close(): void {
    this.#connections.close();
  }
}

/** Reads to the end, also behind the last message: a stream that is given up with something unread may stay with its connection, which then closes no more. */
async function readWatch(
  messages: AsyncIterable<WatchResponse>,
  onEvent: (event: WatchedEvent) => Promise<void> | undefined,
): Promise<WatchEnd> {
  let end: WatchEnd | undefined;
  try {
    for await (const { message } of messages) {
      if (message.case === 'notOwner') {
        end = { kind: 'not-owner', map: decodeNotOwner(message.value) };
      }
      if (end !== undefined || message.case !== 'event') continue;
      const { seq, event, skippedCount, timestampMs } = message.value;
      await onEvent({
        seq: Number(seq),
        event,
        timestampMs: Number(timestampMs),
        skippedCount: Number(skippedCount),
      });
    }
  } catch (error) {
    if (end === undefined) throw error;
  }
  if (end !== undefined) return end;
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
