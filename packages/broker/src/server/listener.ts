import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { BrokerStartError } from '../broker-start-error.ts';
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
  readonly dispatcher: Dispatcher;
  readonly budget: ByteBudget;
  readonly connectionsMax: number;
  /** `socket.request.max.bytes` */
  readonly frameBytesMax: number;
  readonly onError: (error: Error) => void;
};

/**
 * Listens on one address.
 *
 * @throws (rejects) BrokerStartError PORT_TAKEN or LISTEN_FAILED
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { address } = options;
  const sockets = new Set<Socket>();
  // The advertised port is known only once the server listens, which is before the first connection.
  let advertised = { host: advertisedHostOf(address), port: address.advertisedPort ?? 0 };
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const origin = {
      clientHost: socket.remoteAddress ?? '',
      principal: 'User:ANONYMOUS',
      advertised,
    };
    serveConnection({ ...options, socket, origin });
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
