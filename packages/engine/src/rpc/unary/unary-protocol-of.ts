import type { IncomingHttpHeaders } from 'node:http2';
import { connectUnary } from './connect-unary.ts';
import { grpcUnary } from './grpc-unary.ts';
import type { UnaryProtocol } from './unary-protocol.ts';

/** The protocol of a request with a binary, uncompressed message, over HTTP/2; undefined for all others. */
export function unaryProtocolOf(headers: IncomingHttpHeaders): UnaryProtocol | undefined {
  if (headers[':method'] !== 'POST') return undefined;
  const type = headers['content-type'];
  if (type === 'application/grpc' || type === 'application/grpc+proto') {
    return isIdentity(headers['grpc-encoding']) ? grpcUnary : undefined;
  }
  if (type !== 'application/proto') return undefined;
  return isIdentity(headers['content-encoding']) ? connectUnary : undefined;
}

function isIdentity(encoding: string | readonly string[] | undefined): boolean {
  return encoding === undefined || encoding === 'identity';
}
