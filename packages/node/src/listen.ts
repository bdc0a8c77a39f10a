import type { Server } from 'node:http';

/** What keeps a program from starting, in one sentence that says what to do. */
class StartError extends Error {
  override readonly name = 'StartError';
}

/** Listens on a loopback port (0 for any that is free) and resolves with the port. Rejects with a StartError that names the setting to change. */
export async function listenOnLoopback(
  server: Server,
  options: { readonly port: number; readonly setting: string },
): Promise<number> {
  const { port, setting } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new StartError(sentence(error, port, setting), { cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

/** Ends idle connections at once, and the others when they have been answered. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

function sentence(error: NodeJS.ErrnoException, port: number, setting: string): string {
  if (error.code === 'EADDRINUSE') {
    return `Port ${port} is taken by another program: stop it, or choose another port with ${setting} N.`;
  }
  if (error.code === 'EACCES') {
    return `Port ${port} needs more rights than this program has: choose one above 1023 with ${setting} N.`;
  }
  return `Port ${port} cannot be listened on (${error.code ?? error.message}): choose another one with ${setting} N.`;
}
