import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants, Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import { createConnectRouter, createContextValues, type ConnectRouter } from '@connectrpc/connect';
import {
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import type { Timers } from '@chat-cluster/kernel';
import type { Report } from '../management/report.ts';
import { reportFailures } from './report-failures.ts';
import { accessGate, isCertifiedKey, type Shown } from './rpc-access.ts';
import type { RpcLimits } from './rpc-limits.ts';

export type ServeRequestsOptions = {
  readonly routes: (router: ConnectRouter) => void;
  readonly check: (shown: Shown) => void;
  readonly limits: RpcLimits;
  readonly timers: Timers;
  readonly report: Report;
  /** Ends what is open with its reason. */
  readonly closing: AbortSignal;
};

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;
export type RequestListener = (request: NodeRequest, response: NodeResponse) => void;

/**
 * Answers gRPC, gRPC-Web and Connect calls that came over HTTP/1 or HTTP/2. Messages are not compressed: nodes are near each other, and what would be unpacked is not bounded by what was sent.
 */
export function serveRequests(options: ServeRequestsOptions): RequestListener {
  const router = createConnectRouter({
    acceptCompression: [],
    readMaxBytes: options.limits.messageBytesMax,
    shutdownSignal: options.closing,
    requestGate: accessGate(options.check),
    interceptors: [reportFailures(options.report)],
  });
  options.routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get(request.url?.split('?', 1)[0] ?? '');
    if (handler === undefined) {
      refuse(request, response, 404);
      return;
    }
    const call = readCall(request, response);
    if (call === undefined) {
      refuse(request, response, 400);
      return;
    }
    endSlowBody(request, options);
    endWhenClosing(request, response, options);
    handler(call)
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch(() => {
        // The client is gone: nobody is left to be told.
        response.destroy();
      });
  };
}

/** Undefined for a request without a host, or with one that is none. */
function readCall(request: NodeRequest, response: NodeResponse) {
  const values = createContextValues().set(isCertifiedKey, isCertified(request));
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return undefined;
  }
}

function refuse(request: NodeRequest, response: NodeResponse, status: number): void {
  request.resume();
  response.statusCode = status;
  response.end();
}

function isCertified(request: NodeRequest): boolean {
  const { socket } = request;
  return 'authorized' in socket && socket.authorized;
}

/** A connection of HTTP/1 waits for the next request, and whoever closes the port waits for the connection. */
function endWhenClosing(
  request: NodeRequest,
  response: NodeResponse,
  { closing }: ServeRequestsOptions,
): void {
  if (request instanceof Http2ServerRequest) return;
  const { socket } = request;
  response.once('finish', () => {
    if (closing.aborted) socket.destroySoon();
  });
}

/** Node's server looks after the bodies of HTTP/1 requests itself. */
function endSlowBody(request: NodeRequest, { limits, timers }: ServeRequestsOptions): void {
  if (!(request instanceof Http2ServerRequest)) return;
  const { stream } = request;
  const cancel = timers.after(limits.requestTimeoutMs, () =>
    stream.close(constants.NGHTTP2_CANCEL),
  );
  stream.once('end', cancel);
  stream.once('close', cancel);
}
