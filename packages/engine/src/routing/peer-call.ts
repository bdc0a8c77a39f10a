import { constants, type IncomingHttpHeaders } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { errorFromJsonBytes } from '@connectrpc/connect/protocol-connect';
import type { PeerSession } from './peer-session.ts';
import { PeerError } from './peers.ts';
import { isRefusedConnection } from './refused-connection.ts';

export type PeerCall = {
  /** `/SERVICE/METHOD` */
  readonly path: string;
  readonly message: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The peer gives up then. */
  readonly timeoutMs: number;
  /** Of the answer. */
  readonly bytesMax: number;
};

/**
 * One call without streams, by the Connect protocol (https://connectrpc.com/docs/protocol, unary): a POST of the message, answered by a message or, with another status, by an error. The
 * library's client can do that too, for three times the CPU, which counts where each question from elsewhere takes one. Rejects
 * with a PeerError, with the ConnectError that the peer's service answered, or with the signal's reason.
 */
export async function callPeer(
  session: PeerSession,
  call: PeerCall,
  signal: AbortSignal,
): Promise<Uint8Array> {
  signal.throwIfAborted();
  const stream = await session.request(
    'POST',
    call.path,
    {
      ...call.headers,
      'content-type': 'application/proto',
      'connect-protocol-version': '1',
      'connect-timeout-ms': String(Math.ceil(call.timeoutMs)),
    },
    {},
  );
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let headers: (IncomingHttpHeaders & { readonly ':status'?: number | undefined }) | undefined;
  let failure: Error | undefined;
  let bytes = 0;
  const chunks: Buffer[] = [];
  const fail = (error: Error): void => {
    failure ??= error;
    stream.close(constants.NGHTTP2_CANCEL);
    // A peer that takes nothing in may keep the stream from closing.
    end();
  };
  const onAbort = (): void => fail(signal.reason as Error);
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  stream.on('response', (received) => (headers = received));
  stream.on('data', (chunk: Buffer) => {
    session.notifyResponseByteRead(stream);
    bytes += chunk.length;
    if (bytes > call.bytesMax) {
      fail(new PeerError('failed', `gave an answer of more than ${call.bytesMax} bytes`));
    } else chunks.push(chunk);
  });
  stream.on('error', (error: Error) => (failure ??= brokenBy(error)));
  stream.on('close', end);
  stream.end(call.message);
  await ended;
  signal.removeEventListener('abort', onAbort);
  if (failure !== undefined) throw failure;
  if (headers === undefined || stream.rstCode !== constants.NGHTTP2_NO_ERROR) {
    throw new PeerError('broken', 'broke the connection');
  }
  const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
  if (headers[':status'] === 200) return body;
  throw serviceError(body, headers);
}

function serviceError(body: Uint8Array, headers: IncomingHttpHeaders): ConnectError {
  const status = String(headers[':status']);
  const unknown = new ConnectError(`an answer with HTTP status ${status}`, Code.Unknown);
  const own = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  const metadata = new Headers(own.map(([name, value]) => [name, String(value)]));
  return errorFromJsonBytes(body, metadata, unknown);
}

function brokenBy(error: Error): PeerError {
  const options = { cause: error };
  return isRefusedConnection(error)
    ? new PeerError('refused', 'refused the connection', options)
    : new PeerError('broken', `broke the connection (${error.message})`, options);
}
