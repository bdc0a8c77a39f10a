import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Shown } from '../rpc-access.ts';
import { serveUnary, type ServeUnaryOptions } from './serve-unary.ts';
import type { UnaryMethod } from './unary-method.ts';
import { unaryProtocolOf } from './unary-protocol-of.ts';

/** True for a call that it serves itself; all others are the library's. */
export type TakesStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => boolean;

/** Takes gRPC and Connect calls of these methods, as binary messages that are not compressed, over HTTP/2. */
export function takeUnaryCalls(
  methods: readonly UnaryMethod[],
  options: Omit<ServeUnaryOptions, 'requireAccess'> & { readonly check: (shown: Shown) => void },
): TakesStream {
  const byPath = new Map(methods.map((method) => [method.path, method]));
  return (stream, headers) => {
    const method = byPath.get(headers[':path'] ?? '');
    const protocol = method && unaryProtocolOf(headers);
    if (method === undefined || protocol === undefined) return false;
    const requireAccess = (): void => options.check(shownBy(stream, headers));
    serveUnary(stream, headers, { method, protocol }, { ...options, requireAccess });
    return true;
  };
}

function shownBy({ session }: ServerHttp2Stream, headers: IncomingHttpHeaders): Shown {
  const socket = session?.socket as Partial<Pick<TLSSocket, 'authorized'>> | undefined;
  return {
    authorization: headers.authorization ?? null,
    isCertified: socket?.authorized === true,
  };
}
