import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionRequestOptions,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Cancel, Timers } from '@chat-cluster/kernel';

/** The client's side of TLS: PEM files. A node's certificate has to name the host of its endpoint. */
export type PeerTls = {
  /** Who signs the other nodes' certificates. Default: the system's. */
  readonly ca?: string | Buffer;
  /** Shown to nodes that ask for one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
};

/** What a peer may send before it is read, on one stream and on all: with 64 KiB, the default, the states of a shard take 20 round trips of two busy processes. */
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONNECTION_WINDOW_BYTES = 4 * 1024 * 1024;

/** A connection that is not made by then never is: its host does not answer. */
const CONNECT_TIMEOUT_MS = 1_000;
/** A connection on which nothing came for so long is asked whether its peer lives … */
const PING_INTERVAL_MS = 2_000;
/** … which must answer by then. */
const PING_TIMEOUT_MS = 2_000;
/** A connection without calls is closed after so many of these intervals: a minute. */
const IDLE_INTERVALS_MAX = 30;

/**
 * The HTTP/2 connection to one endpoint: opened by the first call, and again by the next one after it broke. (connect-node has one too; it takes its listeners off a connection that is
 * about to fail, and the error then ends the process.)
 */
export class PeerSession {
  /** As the client's URL has it. */
  readonly authority: string;
  readonly #tls: PeerTls | undefined;
  readonly #timers: Timers;
  #open: OpenSession | undefined;

  constructor(authority: string, { tls, timers }: { tls: PeerTls | undefined; timers: Timers }) {
    this.authority = authority;
    this.#tls = tls;
    this.#timers = timers;
  }

  async request(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    options: ClientSessionRequestOptions,
  ): Promise<ClientHttp2Stream> {
    if (this.#open?.isUsable !== true) this.#open = this.#connect();
    return this.#open.request({ ...headers, ':method': method, ':path': path }, options);
  }

  notifyResponseByteRead(stream: ClientHttp2Stream): void {
    if (this.#open && this.#open.session === stream.session) this.#open.hearsPeer();
  }

  /** Ends all calls. */
  abort(): void {
    this.#open?.session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }

  #connect(): OpenSession {
    const session = connectHttp2(this.authority, {
      createConnection: (authority) => openSocket(authority, this.#tls),
      settings: { initialWindowSize: STREAM_WINDOW_BYTES },
    });
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES));
    return new OpenSession(session, this.#timers);
  }
}

/** One connection, from its opening to its end, with its calls. */
class OpenSession {
  readonly session: ClientHttp2Session;
  readonly #timers: Timers;
  #streamCount = 0;
  #idleIntervals = 0;
  #hasHeard = false;
  #isGoingAway = false;
  #cancelTimer: Cancel;

  constructor(session: ClientHttp2Session, timers: Timers) {
    this.session = session;
    this.#timers = timers;
    this.#cancelTimer = timers.after(PING_INTERVAL_MS, () => this.#look());
    // Its calls fail with the same error.
    session.on('error', () => undefined);
    session.on('goaway', () => (this.#isGoingAway = true));
    session.on('close', () => this.#cancelTimer());
  }

  get isUsable(): boolean {
    return !this.#isGoingAway && !this.session.closed && !this.session.destroyed;
  }

  request(headers: OutgoingHttpHeaders, options: ClientSessionRequestOptions): ClientHttp2Stream {
    const stream = this.session.request(headers, options);
    this.#streamCount += 1;
    stream.once('close', () => (this.#streamCount -= 1));
    return stream;
  }

  hearsPeer(): void {
    this.#hasHeard = true;
  }

  #look(): void {
    const { session } = this;
    if (session.destroyed) return;
    this.#idleIntervals = this.#streamCount === 0 ? this.#idleIntervals + 1 : 0;
    if (this.#idleIntervals >= IDLE_INTERVALS_MAX) {
      session.close();
      return;
    }
    const hasHeard = this.#hasHeard;
    this.#hasHeard = false;
    if (hasHeard || session.connecting) this.#lookAfter(PING_INTERVAL_MS);
    else this.#ping();
  }

  #ping(): void {
    const { session } = this;
    this.#cancelTimer = this.#timers.after(PING_TIMEOUT_MS, () => {
      session.destroy(new PeerSilence('no sign of life'), constants.NGHTTP2_CANCEL);
    });
    session.ping((error) => {
      if (error !== null) return;
      this.#cancelTimer();
      this.#lookAfter(PING_INTERVAL_MS);
    });
  }

  #lookAfter(delayMs: number): void {
    this.#cancelTimer = this.#timers.after(delayMs, () => this.#look());
  }
}

function openSocket(authority: URL, tls: PeerTls | undefined): Socket {
  // An address in brackets is one of IPv6.
  const host = authority.hostname.replaceAll(/^\[|\]$/g, '');
  const port = Number(authority.port || (tls ? 443 : 80));
  const socket = tls
    ? connectTls({
        ...tls,
        host,
        port,
        ALPNProtocols: ['h2'],
        ...(isIP(host) === 0 && { servername: host }),
      })
    : connect({ host, port });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new PeerSilence('no connection')));
  socket.once(tls ? 'secureConnect' : 'connect', () => socket.setTimeout(0));
  return socket;
}

class PeerSilence extends Error {
  override readonly name = 'PeerSilence';
  /** What the client makes UNAVAILABLE of. */
  readonly code = 'ETIMEDOUT';
}
