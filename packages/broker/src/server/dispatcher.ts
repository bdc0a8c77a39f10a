import {
  UNKNOWN_VERSION,
  type ApiHandler,
  type ConnectionFacts,
  type EncodeBody,
} from '../api/handler.ts';
import type { BrokerState } from '../broker-state.ts';
import type {
  AuthenticateAnswer,
  ConnectionAuthentication,
} from '../security/connection-authentication.ts';
import { isFlexible } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { readRequestHeader, writeResponseHeader, type RequestHeader } from '../wire/headers.ts';
import { MalformedMessage } from '../wire/malformed-message.ts';
import { apiVersions } from '../wire/messages/18-api-versions.ts';
import { saslAuthenticate } from '../wire/messages/36-sasl-authenticate.ts';
import { includesVersion } from '../wire/version-range.ts';
import { WireReader } from '../wire/wire-reader.ts';
import { WireWriter } from '../wire/wire-writer.ts';

/** What one connection has in common for all its requests. */
export type ConnectionOrigin = Omit<ConnectionFacts, 'clientId' | 'principal'>;

/** The whole frame of an answer, in pieces; null when the request gets none. */
export type ResponseFrame = readonly Uint8Array[] | null;

/** Finds the handler of each request, and puts the header in front of its answer. */
export class Dispatcher {
  readonly #broker: BrokerState;
  readonly #handlers: Map<number, ApiHandler>;

  constructor({ broker, handlers }: { broker: BrokerState; handlers: readonly ApiHandler[] }) {
    this.#broker = broker;
    this.#handlers = new Map(handlers.map((handler) => [handler.declaration.key, handler]));
  }

  /**
   * Serves one request. What its handler does before its first wait is done when this returns.
   *
   * @throws MalformedMessage, also for an API or a version that is not advertised, or that the client may not ask for
   *   yet: the connection is closed, as Kafka does. ApiVersions alone is answered in any version, so that newer clients
   *   can find out what they may send.
   */
  serve(frame: Buffer, origin: ConnectionOrigin): ResponseFrame | Promise<ResponseFrame> {
    const { authentication } = origin;
    if (authentication.takesRawTokens) return serveRawToken(frame, authentication);
    const body = new WireReader(frame);
    const header = readRequestHeader(body, (apiKey, version) => this.#isFlexible(apiKey, version));
    const { apiKey, apiVersion, clientId } = header;
    authentication.admit(apiKey);
    const handler = this.#handlers.get(apiKey);
    if (handler === undefined) throw new MalformedMessage(`API ${apiKey} is not supported`);
    const isKnown = includesVersion(handler.declaration.versions, apiVersion);
    if (!isKnown && apiKey !== apiVersions.key) {
      throw new MalformedMessage(`${handler.declaration.name} v${apiVersion} is not supported`);
    }
    const connection = { ...origin, clientId, principal: authentication.principal };
    // A client that is too new gets the answer of version 0, which every client can read (KIP-35).
    const version = isKnown ? apiVersion : UNKNOWN_VERSION;
    const startedMs = this.#broker.clock.monotonicMs();
    const encode = handler.serve(body, { broker: this.#broker, connection, version });
    const flexible = this.#isResponseHeaderFlexible(handler, version);
    const answer = (encodeBody: EncodeBody): ResponseFrame => {
      const response = frameOf(encodeBody, { header, flexible });
      this.#count(handler, { requestBytes: frame.byteLength, response, startedMs });
      return response;
    };
    return encode instanceof Promise ? encode.then(answer) : answer(encode);
  }

  #count(
    { declaration: { name } }: ApiHandler,
    request: { requestBytes: number; response: ResponseFrame; startedMs: number },
  ): void {
    const counts = this.#broker.requestCounters.of(name);
    counts.requests += 1;
    counts.requestBytes += request.requestBytes;
    for (const { byteLength } of request.response ?? []) counts.responseBytes += byteLength;
    counts.responseSeconds += (this.#broker.clock.monotonicMs() - request.startedMs) / 1_000;
  }

  #isFlexible(apiKey: number, version: number): boolean {
    const handler = this.#handlers.get(apiKey);
    return handler !== undefined && isFlexible(handler.declaration, version);
  }

  #isResponseHeaderFlexible({ declaration }: ApiHandler, version: number): boolean {
    // The answer to ApiVersions keeps the old header: its reader does not know yet what the broker can do (KIP-511).
    return declaration.key !== apiVersions.key && isFlexible(declaration, version);
  }
}

/**
 * The exchange that follows SaslHandshake v0: `size:int32 bytes{size}` in both directions. A failure is not answered.
 */
function serveRawToken(
  token: Buffer,
  authentication: ConnectionAuthentication,
): ResponseFrame | Promise<ResponseFrame> {
  authentication.admit(saslAuthenticate.key);
  const answer = authentication.authenticate(token);
  return answer instanceof Promise ? answer.then(rawFrameOf) : rawFrameOf(answer);
}

function rawFrameOf({ errorCode, authBytes }: AuthenticateAnswer): ResponseFrame {
  if (errorCode !== ErrorCode.NONE) return null;
  const size = Buffer.alloc(4);
  size.writeInt32BE(authBytes.byteLength);
  return [size, authBytes];
}

function frameOf(
  encodeBody: EncodeBody,
  { header, flexible }: { header: RequestHeader; flexible: boolean },
): ResponseFrame {
  if (encodeBody === null) return null;
  const writer = new WireWriter();
  writer.int32(0); // the size, known at the end
  writeResponseHeader(writer, { correlationId: header.correlationId, flexible });
  encodeBody(writer);
  const sizeBytes = writer.sizeBytes - 4;
  const chunks = writer.finish();
  const first = chunks[0];
  if (first !== undefined) new DataView(first.buffer, first.byteOffset).setInt32(0, sizeBytes);
  return chunks;
}
