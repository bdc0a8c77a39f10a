import type { ServerHttp2Stream } from 'node:http2';
import { Code, ConnectError } from '@connectrpc/connect';
import { parseTimeout, setTrailerStatus } from '@connectrpc/connect/protocol-grpc';
import type { UnaryProtocol } from './unary-protocol.ts';

const CONTENT_TYPE = 'application/grpc+proto';
const TIMEOUT_MS_MAX = Number.MAX_SAFE_INTEGER;
/** A flag, 1 for a compressed message, and the length of what follows. */
const PREFIX_BYTES = 5;

/**
 * gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md), one message each way:
 *
 *     body = flag(1) length(4) message
 *     answer = headers body trailers | headers that are trailers
 */
export const grpcUnary: UnaryProtocol = {
  envelopeBytes: PREFIX_BYTES,

  timeoutMs(headers) {
    const { timeoutMs, error } = parseTimeout(text(headers['grpc-timeout']), TIMEOUT_MS_MAX);
    if (error !== undefined) throw error;
    return timeoutMs;
  },

  message(body) {
    const isOne =
      body.length >= PREFIX_BYTES && body.length === PREFIX_BYTES + body.readUInt32BE(1);
    if (!isOne) throw new ConnectError('The call takes exactly one message.', Code.Unimplemented);
    if (body[0] !== 0) {
      throw new ConnectError('The message is compressed, and nobody said how.', Code.Internal);
    }
    return body.subarray(PREFIX_BYTES);
  },

  answer(stream, message) {
    const body = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
    body[0] = 0;
    body.writeUInt32BE(message.length, 1);
    body.set(message, PREFIX_BYTES);
    stream.respond({ ':status': 200, 'content-type': CONTENT_TYPE }, { waitForTrailers: true });
    stream.once('wantTrailers', () => sendTrailers(stream));
    stream.end(body);
  },

  refuse(stream, error) {
    const status = new Headers();
    setTrailerStatus(status, error);
    const headers = { ':status': 200, 'content-type': CONTENT_TYPE, ...Object.fromEntries(status) };
    stream.respond(headers, { endStream: true });
  },
};

function sendTrailers(stream: ServerHttp2Stream): void {
  // The caller may have gone between the two.
  if (!stream.destroyed && !stream.closed) stream.sendTrailers({ 'grpc-status': '0' });
}

function text(value: string | readonly string[] | undefined): string | null {
  return value === undefined ? null : String(value);
}
