import type { BrokerState } from '../broker-state.ts';
import type { ConnectionAuthentication } from '../security/connection-authentication.ts';
import {
  isFlexible,
  type ApiDeclaration,
  type ApiFacts,
  type RequestOf,
  type ResponseOf,
} from '../wire/api-declaration.ts';
import type { Fields } from '../wire/struct.ts';
import type { WireReader } from '../wire/wire-reader.ts';
import type { WireWriter } from '../wire/wire-writer.ts';

/** What a handler may know about the connection a request came on. */
export type ConnectionFacts = {
  /** The client id of this request's header; '' when the client gave none. */
  readonly clientId: string;
  /** The remote address, without port. */
  readonly clientHost: string;
  /** Who is connected, as Kafka names it; `User:ANONYMOUS` without authentication. */
  readonly principal: string;
  /** How that came about; for the APIs of SASL. */
  readonly authentication: ConnectionAuthentication;
  /** The listener's address as clients shall see it. */
  readonly advertised: { readonly host: string; readonly port: number };
};

export type RequestContext = {
  readonly broker: BrokerState;
  readonly connection: ConnectionFacts;
  /** The version of the request, always one that the declaration has (ApiVersions alone: or UNKNOWN_VERSION). */
  readonly version: number;
};

/** Stands for the version of an ApiVersions request that is newer than the broker. */
export const UNKNOWN_VERSION = -1;

/** Returned by a handler whose request gets no answer at all (Produce with acks=0). */
export const NO_RESPONSE = Symbol('no response');

type Answer<Response> = Response | typeof NO_RESPONSE;

/**
 * Writes the body of an answer. Null: the request gets none.
 */
export type EncodeBody = ((writer: WireWriter) => void) | null;

/** One API as the server dispatches it. Made by `on`. */
export type ApiHandler = {
  readonly declaration: ApiFacts;
  /** Decodes the request, runs the handler, and says how to encode its answer. */
  serve(body: WireReader, context: RequestContext): EncodeBody | Promise<EncodeBody>;
};

/**
 * Binds a declaration to the function that answers it.
 *
 * Requests of one connection are handed to their handlers in the order they came, each without waiting for the
 * answers before it: what a handler does before its first `await` is ordered, what it does later is not. Answers
 * leave in the order of the requests. A handler answers operating errors by error codes; an exception is a
 * programmer error and closes the connection.
 */
export function on<Request extends Fields, Response extends Fields>(
  declaration: ApiDeclaration<Request, Response>,
  handle: (
    request: RequestOf<ApiDeclaration<Request, Response>>,
    context: RequestContext,
  ) =>
    | Answer<ResponseOf<ApiDeclaration<Request, Response>>>
    | Promise<Answer<ResponseOf<ApiDeclaration<Request, Response>>>>,
): ApiHandler {
  return {
    declaration,
    serve(body, context) {
      const { version } = context;
      const flexible = isFlexible(declaration, version);
      const request = declaration.request.decode(body, version, flexible);
      const encode = (answer: Answer<ResponseOf<ApiDeclaration<Request, Response>>>): EncodeBody =>
        answer === NO_RESPONSE
          ? null
          : (writer) => declaration.response.encode(writer, answer, version, flexible);
      const answer = handle(request, context);
      return answer instanceof Promise ? answer.then(encode) : encode(answer);
    },
  };
}
