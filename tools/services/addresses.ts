import { connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ServicesError } from './services-error.ts';

/** A TCP address on this machine. */
export type Address = { host: string; port: number };

/** A server that was killed a moment ago may still hold its port: so we look for this long. */
const TAKEN_WAIT_MS = 2000;
const TAKEN_POLL_MS = 100;

/**
 * Checks that nobody listens on an address, by listening on it for a moment.
 *
 * @param forWhat names the listener and the flag that moves it, for the message.
 * @throws ServicesError `address-taken` (after two seconds) or `address-unusable`.
 */
export async function assertAddressFree(address: Address, forWhat: string): Promise<void> {
  const deadline = performance.now() + TAKEN_WAIT_MS;
  for (;;) {
    try {
      await listenOnce(address);
      return;
    } catch (cause) {
      const isTaken = errorCode(cause) === 'EADDRINUSE';
      if (!isTaken || performance.now() > deadline) throw addressError({ address, forWhat, cause });
    }
    await delay(TAKEN_POLL_MS);
  }
}

/**
 * Sends bytes to an address and collects what comes back.
 *
 * @param until called with all bytes received so far; the exchange is over when it returns a value.
 *   It may send more by calling `send`.
 * @param timeoutMs the whole exchange, connecting included. Default 2,000.
 * @returns the value, or undefined when the peer refused, closed, or did not answer in time.
 */
export async function exchange<Value>(options: {
  address: Address;
  request: Uint8Array;
  until: (received: Buffer, send: (bytes: Uint8Array) => void) => Value | undefined;
  timeoutMs?: number;
  /** Default: none. */
  tls?: ConnectionOptions;
}): Promise<Value | undefined> {
  const { address, tls } = options;
  const socket = tls === undefined ? connect(address) : connectTls({ ...address, ...tls });
  const { promise, resolve } = Promise.withResolvers<Value | undefined>();
  const timer = setTimeout(() => resolve(undefined), options.timeoutMs ?? 2000);
  let received: Buffer = Buffer.alloc(0);
  socket.on('connect', () => socket.write(options.request));
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    const value = options.until(received, (more) => socket.write(more));
    if (value !== undefined) resolve(value);
  });
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function listenOnce(address: Address): Promise<void> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen({ ...address, exclusive: true }, listening.resolve);
  await listening.promise;
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
}

function errorCode(cause: unknown): unknown {
  return cause instanceof Error && 'code' in cause ? cause.code : undefined;
}

function addressError(options: { address: Address; forWhat: string; cause: unknown }): unknown {
  const { address, forWhat, cause } = options;
  const code = errorCode(cause);
  const name = `${address.host}:${address.port}`;
  if (code === 'EADDRINUSE') {
    const message = `${name} is taken by another program, and ${forWhat} needs it. Stop that program, or choose another port.`;
    return new ServicesError('address-taken', message, { cause });
  }
  if (code === 'EADDRNOTAVAIL') {
    const message = `This machine has no address ${address.host}, and ${forWhat} needs it. On macOS: sudo ifconfig lo0 alias ${address.host}`;
    return new ServicesError('address-unusable', message, { cause });
  }
  return cause;
}
