import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Timers } from '@chat-cluster/kernel';
import { BrokerStartError } from '../broker-start-error.ts';
import type { Gatekeeper } from '../security/broker-security.ts';
import type { ByteBudget } from './byte-budget.ts';
import { serveConnection } from './connection.ts';
import type { Dispatcher } from './dispatcher.ts';

/** Where a broker listens, and what it tells clients to connect to. */
export type ListenerAddress = {
  readonly host: string;
  /** 0 stands for a free port. */
  readonly port: number;
  /** Default: `host`, or `localhost` when that is the address of all interfaces. */
  readonly advertisedHost?: string;
  /** Default: the port that is listened on. */
  readonly advertisedPort?: number;
};

export type Listener = {
  /** The port that is listened on. */
  readonly port: number;
  readonly advertised: { readonly host: string; readonly port: number };
  /** Connections that are open. */
  readonly connectionCount: number;
  /** Stops listening and closes all connections. Idempotent. */
  close(): Promise<void>;
};

export type ListenerOptions = {
  readonly address: ListenerAddress;
  readonly gatekeeper: Gatekeeper;
  readonly dispatcher: Dispatcher;
  readonly budget: ByteBudget;
  readonly connectionsMax: number;
  /** `socket.request.max.bytes` */
  readonly frameBytesMax: number;
  /** How long the hand-shake of TLS may take. */
  readonly authenticationMs: number;
  readonly timers: Timers;
  readonly onError: (error: Error) => void;
};

/**
 * Listens on one address, in plaintext or with TLS.
 *
 * @throws (rejects) BrokerStartError PORT_TAKEN or LISTEN_FAILED
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { address, gatekeeper } = options;
  const sockets = new Set<Socket>();
  // The advertised port is known only once the server listens, which is before the first connection.
  let advertised = { host: advertisedHostOf(address), port: address.advertisedPort ?? 0 };
  const server = createServerFor(options, (socket) => {
    const authentication = gatekeeper.authenticationOf(socket);
    if (authentication === null) {
      socket.destroy();
      return;
    }
    const clientHost = socket.remoteAddress ?? '';
    serveConnection({ ...options, socket, origin: { clientHost, advertised, authentication } });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.maxConnections = options.connectionsMax;
  const port = await startListening(server, address);
  advertised = { ...advertised, port: address.advertisedPort ?? port };
  return {
    port,
    advertised,
    get connectionCount() {
      return sockets.size;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function createServerFor(
  { gatekeeper: { tls }, authenticationMs, timers }: ListenerOptions,
  onConnection: (socket: Socket) => void,
): Server {
  const socketOptions = { noDelay: true, keepAlive: true };
  if (tls === null) return createServer(socketOptions, onConnection);
  /** Connections whose hand-shake goes on. */
  const shakingHands = new Set<string>();
  const server = createTlsServer({ ...tls, ...socketOptions }, (socket) => {
    shakingHands.delete(nameOf(socket));
    onConnection(socket);
  });
  // What Node.js limits is how long a hand-shake may stand still; a client could keep it going.
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket);
    shakingHands.add(name);
    const cancel = timers.after(authenticationMs, () => {
      if (shakingHands.has(name)) socket.destroy();
    });
    socket.on('close', () => {
      cancel();
      shakingHands.delete(name);
    });
  });
  return server;
}

/** The same for the socket of a connection and the one that TLS puts over it. */
function nameOf({ localAddress, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${remoteAddress} ${remotePort}`;
}

function startListening(server: Server, { host, port }: ListenerAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(startError(error, { host, port })));
    server.listen({ host, port }, () => {
      resolve((server.address() as AddressInfo).port); // a TCP server's address is never a path
    });
  });
}

function startError(
  cause: Error,
  { host, port }: { host: string; port: number },
): BrokerStartError {
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') {
    return new BrokerStartError(
      'PORT_TAKEN',
      `Port ${port} on ${host} is taken by another program; stop that program, or choose another port.`,
      { cause },
    );
  }
  return new BrokerStartError(
    'LISTEN_FAILED',
    `Cannot listen on ${host}:${port} (${typeof code === 'string' ? code : cause.message}); choose another address.`,
    { cause },
  );
}

function advertisedHostOf({ host, advertisedHost }: ListenerAddress): string {
  if (advertisedHost !== undefined) return advertisedHost;
  return host === '0.0.0.0' || host === '::' ? 'localhost' : host;
}
