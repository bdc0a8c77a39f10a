import type { ConnectionOptions as TlsOptions } from 'node:tls';
import {
  type API,
  Connection,
  ConnectionStatuses,
  type Reader,
  ResponseError,
  type SASLOptions,
  type Writer,
} from '@platformatic/kafka';
import { LogError } from '@chat-cluster/log';

export type BrokerAddress = { readonly host: string; readonly port: number };

/** How connections are made. */
export type ConnectionSettings = {
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  /** A connection on which a request is not answered in this time is dropped. */
  readonly requestTimeoutMs: number;
  readonly tls?: TlsOptions;
  readonly sasl?: SASLOptions;
};

/** A request whose body and answer are coded here instead of by the library. */
export type RawRequest<Answer> = {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly body: Writer;
  /** Given the answer's body, past its header. */
  readonly parse: (body: Buffer) => Answer;
};

/**
 * One connection to a broker. Requests are pipelined: they are answered in the order of the calls, so a
 * request that the broker parks (a long poll, JoinGroup) holds up those behind it: it needs a connection of its own.
 * A connection that failed once is of no more use; `isOpen` tells.
 */
export class BrokerConnection {
  readonly address: BrokerAddress;
  readonly #connection: Connection;

  private constructor(address: BrokerAddress, connection: Connection) {
    this.address = address;
    this.#connection = connection;
  }

  /** @throws LogError `unavailable` when nobody answers in time */
  static async open(
    address: BrokerAddress,
    settings: ConnectionSettings,
  ): Promise<BrokerConnection> {
    const connection = new Connection(settings.clientId, {
      connectTimeout: settings.connectTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      maxInflights: REQUESTS_IN_FLIGHT_MAX,
      context: settings.clientId, // whoever listens on the library's diagnostics channels knows whose it is
      ...(settings.tls && { tls: settings.tls, tlsServerName: true }),
      ...(settings.sasl && { sasl: settings.sasl }),
    });
    // Every failure also reaches a caller through its request; an error event without a listener would throw.
    connection.on('error', () => undefined);
    try {
      await connection.connect(address.host, address.port);
    } catch (cause) {
      connection.socket?.destroy();
      throw new LogError(
        'unavailable',
        `The broker at ${address.host}:${address.port} cannot be reached.`,
        { cause },
      );
    }
    return new BrokerConnection(address, connection);
  }

  get isOpen(): boolean {
    const { status } = this.#connection;
    return (
      status === ConnectionStatuses.CONNECTED || status === ConnectionStatuses.REAUTHENTICATING
    );
  }

  /**
   * Sends a request of the library. Error codes inside an answer are the caller's to look at: the answer is
   * returned, not thrown.
   *
   * @throws LogError `unavailable` when the answer is lost: the request may still have had its effect
   */
  async call<Arguments extends unknown[], Answer>(
    api: API<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    try {
      return await api.async(this.#connection, ...args);
    } catch (error) {
      if (error instanceof ResponseError) return answerOf(error) as Answer;
      throw this.#lost(error);
    }
  }

  /** @throws LogError `unavailable` when the answer is lost; what `parse` throws, if it is a LogError */
  send<Answer>(request: RawRequest<Answer>): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#connection.send<Answer>(
      request.apiKey,
      request.apiVersion,
      () => request.body,
      (_correlationId: number, _key: number, _version: number, reader: Reader) =>
        request.parse(reader.buffer.buffer),
      true,
      true,
      (error, answer) => {
        if (error === null) resolve(answer as Answer);
        else if (error instanceof LogError) reject(error);
        else reject(this.#lost(error));
      },
    );
    return promise;
  }

  /** Requests under way fail. Idempotent. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  #lost(cause: unknown): LogError {
    const { host, port } = this.address;
    return new LogError('unavailable', `The broker at ${host}:${port} did not answer.`, { cause });
  }
}

/** More requests than this at once wait inside the connection; no owner of a connection here sends as many. */
const REQUESTS_IN_FLIGHT_MAX = 256;

/** The library throws every answer that holds an error code, and keeps the answer on the error. */
function answerOf(error: ResponseError): unknown {
  const answer: unknown = error['response'];
  return answer;
}
