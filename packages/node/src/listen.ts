import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';

/** What keeps a program from starting, in one sentence that says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Listens on a loopback port, as `listen` does. */
export function listenOnLoopback(
  server: Server,
  options: { readonly port: number; readonly setting: string },
): Promise<number> {
  return listen(server, { host: '127.0.0.1', ...options });
}

/** Listens on a port (0 for any that is free) and resolves with it. Rejects with a StartError that names the setting to change. */
export async function listen(
  server: Server,
  options: { readonly host: string; readonly port: number; readonly setting: string },
): Promise<number> {
  const { host, port } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new StartError(sentence(error, options), { cause: error }));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** A connection that has said nothing yet, or is slow to take its answer, holds nobody up for longer. */
const CLOSE_WAIT_MS = 1_000;

/** Ends idle connections at once, and the others when they have been answered, or a second later. */
export function closeServer(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => server.closeAllConnections(), CLOSE_WAIT_MS);
    server.close(() => {
      clearTimeout(timeout);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function sentence(
  { code, message }: NodeJS.ErrnoException,
  {
    host,
    port,
    setting,
  }: { readonly host: string; readonly port: number; readonly setting: string },
): string {
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken by another program: stop it, or choose another port with ${setting}.`;
  }
  if (code === 'EACCES') {
    return `Port ${port} needs more rights than this program has: choose one above 1023 with ${setting}.`;
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `${host} is no address of this machine (${code}): name one that is with ${setting}.`;
  }
  return `${host}:${port} cannot be listened on (${code ?? message}): choose another with ${setting}.`;
}
