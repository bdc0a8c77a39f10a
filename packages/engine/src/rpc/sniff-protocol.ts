import type { Socket } from 'node:net';
import type { Timers } from '@chat-cluster/kernel';

export type HttpProtocol = 'http/1' | 'http/2';

/** What a client says first that knows that it may speak HTTP/2 (RFC 9113, 3.4). HTTP/1 reserves its method. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/**
 * Finds out what a client speaks by its first bytes, and puts them back. A client that says nothing, or stops within the preface, is cut off after `timeoutMs`.
 */
export function sniffProtocol(
  socket: Socket,
  { timers, timeoutMs }: { readonly timers: Timers; readonly timeoutMs: number },
  onKnown: (protocol: HttpProtocol) => void,
): void {
  let first: Buffer = Buffer.alloc(0);
  const cancel = timers.after(timeoutMs, () => socket.destroy());
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    first = first.length === 0 ? chunk : Buffer.concat([first, chunk]);
    const protocol = protocolOf(first);
    if (protocol === undefined) return;
    stop();
    socket.unshift(first);
    onKnown(protocol);
  };
  const onError = (): void => {
    socket.destroy();
  };
  const stop = (): void => {
    cancel();
    socket.off('readable', onReadable);
    socket.off('error', onError);
    socket.off('end', onError);
    socket.off('close', stop);
  };
  socket.on('readable', onReadable);
  socket.on('error', onError);
  // Half-open: a client that has nothing to say will get no answer.
  socket.on('end', onError);
  socket.on('close', stop);
}

/** Undefined: it takes more bytes to tell. */
export function protocolOf(first: Buffer): HttpProtocol | undefined {
  const length = Math.min(first.length, PREFACE.length);
  if (first.compare(PREFACE, 0, length, 0, length) !== 0) return 'http/1';
  return length === PREFACE.length ? 'http/2' : undefined;
}
