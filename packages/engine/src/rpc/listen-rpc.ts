import { lookup } from 'node:dns/promises';
import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import type { Timers } from '@chat-cluster/kernel';
import type { Report } from '../management/report.ts';
import { createPort } from './create-port.ts';
import { accessCheck, requireSafeAccess, type RpcAccess } from './rpc-access.ts';
import { defaultRpcLimits, type RpcLimits } from './rpc-limits.ts';
import { RpcListenError } from './rpc-listen-error.ts';
import type { RpcTls } from './rpc-tls.ts';
import { serveRequests } from './serve-requests.ts';
import { takeUnaryCalls } from './unary/take-unary-calls.ts';
import type { UnaryMethod } from './unary/unary-method.ts';

export type RpcServerOptions = {
  /** A name or an address of this machine. */
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  /** Registers the services. */
  readonly routes: (router: ConnectRouter) => void;
  /** Methods of these services that are called very often: gRPC and Connect calls of them over HTTP/2 are answered by this instead. Default: none. */
  readonly unary?: readonly UnaryMethod[];
  readonly access: RpcAccess;
  /** Default: no TLS. */
  readonly tls?: RpcTls | undefined;
  readonly limits?: Partial<RpcLimits>;
  readonly timers: Timers;
  /** Told of what a service throws and its caller may not see. */
  readonly report: Report;
};

export type RpcServer = {
  /** What is listened on. */
  readonly address: string;
  readonly port: number;
  /**
   * Takes no new calls, ends the open ones with UNAVAILABLE, and resolves when all connections are closed, by force after `closeTimeoutMs`. Idempotent.
   */
  close(): Promise<void>;
};

/**
 * Serves RPCs on one port, to all that ConnectRPC speaks: gRPC, gRPC-Web and Connect (JSON with curl), over HTTP/2 and HTTP/1.1. Without TLS what a client speaks is told by its first
 * bytes, with TLS it is negotiated (ALPN). Rejects with a RpcListenError.
 */
export async function listenRpc(options: RpcServerOptions): Promise<RpcServer> {
  const { access, tls, timers } = options;
  const limits = { ...defaultRpcLimits, ...options.limits };
  const asksCertificate = access.kind === 'nodes' && tls?.ca !== undefined;
  const address = await addressOf(options.host);
  requireSafeAccess(access, { address, asksCertificate });
  const closing = new AbortController();
  const check = accessCheck(access, { asksCertificate });
  const serving = { ...options, check, limits, closing: closing.signal };
  const listener = serveRequests(serving);
  const takesStream = takeUnaryCalls(options.unary ?? [], serving);
  const port = createPort({ tls, asksCertificate, limits, timers, listener, takesStream });
  await listening(port.server, { address, port: options.port });
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing.abort(new ConnectError('This node is stopping: ask another one.', Code.Unavailable));
    return port.close();
  };
  return {
    address,
    port: (port.server.address() as AddressInfo).port,
    close: () => (closed ??= close()),
  };
}

async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new RpcListenError(
      'address-unavailable',
      `${host} is no name of this machine: give one of its addresses.`,
      { cause },
    );
  }
}

async function listening(
  server: Server,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: address, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const isInUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
    throw new RpcListenError(
      isInUse ? 'address-in-use' : 'address-unavailable',
      isInUse
        ? `Port ${port} of ${address} is taken: stop who listens there, or choose another port.`
        : `Port ${port} of ${address} cannot be listened on: choose another host or port.`,
      { cause },
    );
  }
}
