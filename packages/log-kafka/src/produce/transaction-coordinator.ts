import type { API } from '@platformatic/kafka';
import { sleep } from '@chat-cluster/kernel';
import { LogError } from '@chat-cluster/log';
import type { AdapterContext } from '../adapter-context.ts';
import type { BrokerConnections } from '../connections/broker-connections.ts';
import type { Cluster } from '../connections/cluster.ts';
import { isCoordinatorMoving, kafkaError, kafkaErrorName } from '../connections/kafka-errors.ts';
import { isPassing, retryBackoffMs } from '../connections/retry-passing.ts';

export type CoordinatorRequest<Arguments extends unknown[], Answer> = {
  readonly api: API<Arguments, Answer>;
  readonly args: Arguments;
  readonly codeOf: (answer: Answer) => number;
  /** Whether a request whose answer was lost may be sent again. */
  readonly whenLost: 'repeat' | 'fail';
  readonly timeoutMs: number;
  /** Once it fires, waiting ends. */
  readonly signal?: AbortSignal | undefined;
};

/** The coordinator of one transactional id, wherever it is. */
export class TransactionCoordinator {
  readonly transactionalId: string;
  readonly #context: AdapterContext;
  readonly #cluster: Cluster;
  readonly #connections: BrokerConnections;
  readonly #onLost: () => void;

  constructor(options: {
    readonly transactionalId: string;
    readonly context: AdapterContext;
    readonly cluster: Cluster;
    readonly connections: BrokerConnections;
    /** An answer was lost: its request may arrive at any time. */
    readonly onLost: () => void;
  }) {
    this.transactionalId = options.transactionalId;
    this.#context = options.context;
    this.#cluster = options.cluster;
    this.#connections = options.connections;
    this.#onLost = options.onLost;
  }

  /**
   * Asks the coordinator: waits while it writes the markers of the transaction before, and follows it when it moves. Other
   * error codes are left in the answer.
   *
   * @throws LogError `unavailable` when the time is up, or the answer is lost and must not be asked for again; `closed`
   */
  async ask<Arguments extends unknown[], Answer>(
    request: CoordinatorRequest<Arguments, Answer>,
  ): Promise<Answer> {
    const { clock, timers } = this.#context;
    const endMs = clock.monotonicMs() + request.timeoutMs;
    const isOver = (): boolean => request.signal?.aborted === true || clock.monotonicMs() >= endMs;
    for (let failures = 0; ;) {
      const answer = await this.#askOnce(request);
      const errorCode = answer && request.codeOf(answer);
      const isConcurrent = errorCode === kafkaError.concurrentTransactions;
      if (answer && errorCode !== undefined && !isConcurrent && !isCoordinatorMoving(errorCode)) {
        return answer;
      }
      const what = errorCode === undefined ? 'said nothing' : `said ${kafkaErrorName(errorCode)}`;
      const message = `The coordinator of ${this.transactionalId} ${what}.`;
      if (isOver()) throw new LogError('unavailable', message);
      if (isConcurrent) {
        await sleep(timers, CONCURRENT_WAIT_MS);
        continue;
      }
      failures += 1;
      this.#cluster.forgetCoordinator('transaction', this.transactionalId);
      this.#context.report({ kind: 'coordinator-retried', message });
      await sleep(timers, retryBackoffMs(failures));
    }
  }

  /** Undefined when the answer was lost and may be asked for again. */
  async #askOnce<Arguments extends unknown[], Answer>(
    request: CoordinatorRequest<Arguments, Answer>,
  ): Promise<Answer | undefined> {
    let connection;
    try {
      const node = await this.#cluster.coordinatorOf('transaction', this.transactionalId);
      connection = await this.#connections.get(node);
    } catch (error) {
      if (isPassing(error)) return undefined; // nothing was sent
      throw error;
    }
    try {
      return await connection.call(request.api, ...request.args);
    } catch (error) {
      this.#onLost();
      if (isPassing(error) && request.whenLost === 'repeat') return undefined;
      throw error;
    }
  }
}

/** The markers of a transaction are written within a few of these. */
const CONCURRENT_WAIT_MS = 1;
