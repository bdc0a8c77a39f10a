import { createServer as createHttp1Server } from 'node:http';
import {
  constants,
  createSecureServer,
  createServer as createHttp2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { Timers } from '@chat-cluster/kernel';
import type { RpcLimits } from './rpc-limits.ts';
import type { RpcTls } from './rpc-tls.ts';
import type { RequestListener } from './serve-requests.ts';
import { sniffProtocol } from './sniff-protocol.ts';
import type { TakesStream } from './unary/take-unary-calls.ts';

export type PortOptions = {
  readonly tls: RpcTls | undefined;
  readonly asksCertificate: boolean;
  readonly limits: RpcLimits;
  readonly timers: Timers;
  readonly listener: RequestListener;
  /** Asked first, for a call over HTTP/2. */
  readonly takesStream: TakesStream;
};

/** A server for HTTP/1 and HTTP/2 that does not listen yet, and how it is closed. */
export type Port = { readonly server: Server; close(): Promise<void> };

export function createPort(options: PortOptions): Port {
  const sockets = new Set<Socket>();
  const undecided = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const onSession = (session: ServerHttp2Session): void => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    endIdle(session, options);
  };
  const { tls, limits } = options;
  const server = tls
    ? securePort(tls, options, onSession)
    : cleartextPort(options, undecided, onSession);
  server.maxConnections = limits.connectionCountMax;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return { server, close: () => closePort(options, { server, sockets, undecided, sessions }) };
}

/** HTTP/1 has the port; connections that begin with the preface of HTTP/2 go to a server that has none. */
function cleartextPort(
  { limits, timers, listener, takesStream }: PortOptions,
  undecided: Set<Socket>,
  onSession: (session: ServerHttp2Session) => void,
): Server {
  const http1 = createHttp1Server(http1Settings(limits), listener);
  const http2 = createHttp2Server(http2Settings(limits), listener);
  askFirst(http2, takesStream);
  http2.on('session', onSession);
  // By its listener Node's server takes a connection over. It stays the one that listens, because only then it looks after slow requests.
  const takeHttp1 = http1.listeners('connection') as ((socket: Socket) => void)[];
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    undecided.add(socket);
    socket.once('close', () => undecided.delete(socket));
    sniffProtocol(socket, { timers, timeoutMs: limits.headersTimeoutMs }, (protocol) => {
      undecided.delete(socket);
      if (protocol === 'http/2') http2.emit('connection', socket);
      else for (const take of takeHttp1) take.call(http1, socket);
    });
  });
  return http1;
}

function securePort(
  tls: RpcTls,
  { asksCertificate, limits, listener, takesStream }: PortOptions,
  onSession: (session: ServerHttp2Session) => void,
): Server {
  const server = createSecureServer(
    {
      ...http1Settings(limits),
      ...http2Settings(limits),
      ...tls,
      allowHTTP1: true,
      handshakeTimeout: limits.headersTimeoutMs,
      requestCert: asksCertificate,
      // A caller without a good certificate is told so in a sentence, by the gate.
      rejectUnauthorized: false,
    },
    listener,
  );
  askFirst(server, takesStream);
  server.on('session', onSession);
  return server;
}

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/** Node's server makes a request and a response of each stream, which costs as much as an answer: they are made of those streams only that are not taken before. */
function askFirst(
  server: {
    listeners(event: 'stream'): unknown[];
    removeAllListeners(event: 'stream'): unknown;
    on(event: 'stream', listener: StreamListener): unknown;
  },
  takesStream: TakesStream,
): void {
  const takeRequest = server.listeners('stream') as StreamListener[];
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers, flags, rawHeaders) => {
    if (takesStream(stream, headers)) return;
    for (const take of takeRequest) take.call(server, stream, headers, flags, rawHeaders);
  });
}

function http1Settings(limits: RpcLimits) {
  return {
    maxHeaderSize: limits.headerBytesMax,
    headersTimeout: limits.headersTimeoutMs,
    // Node counts it from the beginning of the request, headers included.
    requestTimeout: limits.headersTimeoutMs + limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs) / 2,
  };
}

function http2Settings(limits: RpcLimits) {
  return {
    settings: {
      maxConcurrentStreams: limits.streamCountMax,
      maxHeaderListSize: limits.headerBytesMax,
    },
    // A client that keeps to the limit is never cut off for it.
    peerMaxConcurrentStreams: limits.streamCountMax,
  };
}

/** A connection without calls is closed; one with calls is asked whether its peer still lives, since a peer that vanished closes nothing. */
function endIdle(session: ServerHttp2Session, { limits, timers }: PortOptions): void {
  let streamCount = 0;
  session.on('stream', (stream) => {
    streamCount += 1;
    stream.once('close', () => (streamCount -= 1));
  });
  session.setTimeout(limits.idleTimeoutMs, () => {
    if (session.destroyed) return;
    if (streamCount === 0) {
      session.close();
      return;
    }
    const cancel = timers.after(limits.pingTimeoutMs, () => session.destroy());
    session.once('close', cancel);
    session.ping((error) => {
      if (error !== null) return;
      cancel();
      session.off('close', cancel);
    });
  });
}

async function closePort(
  { limits, timers }: PortOptions,
  {
    server,
    sockets,
    undecided,
    sessions,
  }: {
    readonly server: Server;
    readonly sockets: ReadonlySet<Socket>;
    readonly undecided: ReadonlySet<Socket>;
    readonly sessions: ReadonlySet<ServerHttp2Session>;
  },
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  for (const socket of undecided) socket.destroy();
  for (const session of sessions) session.close();
  const cancel = timers.after(limits.closeTimeoutMs, () => {
    for (const session of sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  cancel();
}
