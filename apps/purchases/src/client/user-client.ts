import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { UserService } from '@chat-cluster/contract/purchases';
import type { ClientSettings } from './configuration.ts';
import type { UserStats } from './dialogue.ts';

/** Longer than the 5 s after which a front end gives up, so that its sentence arrives. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Asks the front end of a processor. */
export class UserClient {
  readonly #address: string;
  readonly #sessions: Http2SessionManager;
  readonly #service;

  constructor({ host, port }: ClientSettings) {
    this.#address = `${host}:${port}`;
    const baseUrl = `http://${this.#address}`;
    this.#sessions = new Http2SessionManager(baseUrl);
    const transport = createGrpcTransport({ baseUrl, sessionManager: this.#sessions });
    this.#service = createClient(UserService, transport);
  }

  /** Rejects with an Error whose message is a sentence for the person who asked. */
  async stats(userId: string): Promise<UserStats> {
    try {
      return await this.#service.userStats({ id: userId }, { timeoutMs: ANSWER_TIMEOUT_MS });
    } catch (error) {
      throw new Error(this.#sentenceOf(ConnectError.from(error)), { cause: error });
    }
  }

  close(): void {
    this.#sessions.abort();
  }

  #sentenceOf({ code, rawMessage, cause }: ConnectError): string {
    const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
    if (isRefused) {
      return `Nobody listens at ${this.#address}: start a processor, or name another port with --port N.`;
    }
    return code === Code.DeadlineExceeded
      ? `No answer from ${this.#address} within ${ANSWER_TIMEOUT_MS / 1_000} s: try again.`
      : rawMessage;
  }
}
