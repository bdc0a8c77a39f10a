import { ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import { userIdProblem, UserService } from '@chat-cluster/contract/purchases';
import type { ClientSettings } from './configuration.ts';
import type { UserStats } from './dialogue.ts';

/**
 * Longer than the 5 s after which a front end gives up, so that its sentence arrives. It is not told: it would try for as
 * long as that.
 */
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
    const problem = userIdProblem(userId);
    if (problem !== undefined) throw new Error(problem);
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    try {
      return await this.#service.userStats({ id: userId }, { signal });
    } catch (error) {
      const sentence = signal.aborted
        ? `No answer from ${this.#address} within ${ANSWER_TIMEOUT_MS / 1_000} s: try again.`
        : this.#sentenceOf(ConnectError.from(error));
      throw new Error(sentence, { cause: error });
    }
  }

  close(): void {
    this.#sessions.abort();
  }

  #sentenceOf({ rawMessage, cause }: ConnectError): string {
    const isRefused = cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
    if (isRefused) {
      return `Nobody listens at ${this.#address}: start a processor, or name another port with --port N.`;
    }
    return rawMessage;
  }
}
