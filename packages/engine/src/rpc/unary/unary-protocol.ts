import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ConnectError } from '@connectrpc/connect';

/** How one protocol carries a call without streams over HTTP/2. */
export type UnaryProtocol = {
  /** Bytes of a request's body beyond its message. */
  readonly envelopeBytes: number;
  /** Throws a ConnectError for a time that cannot be read. */
  timeoutMs(headers: IncomingHttpHeaders): number | undefined;
  /** The message in a whole body. Throws a ConnectError if it is not one uncompressed message. */
  message(body: Buffer): Uint8Array;
  answer(stream: ServerHttp2Stream, message: Uint8Array): void;
  refuse(stream: ServerHttp2Stream, error: ConnectError): void;
};
