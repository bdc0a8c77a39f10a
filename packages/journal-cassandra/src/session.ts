import type { Client, QueryOptions } from 'cassandra-driver';
import { ConcurrencyLimit, JournalError } from '@chat-cluster/journal';
import { type Clock, retry, type Timers } from '@chat-cluster/kernel';
import { toJournalError } from './cassandra-errors.ts';
import { type OptionNames, ownNames } from './option-names.ts';

/** A prepared statement and its values, in the order of its markers. */
export type Statement = { readonly query: string; readonly params: readonly unknown[] };

/**
 * Requests on their way at once. With the 16 partitions of a batch they are 512 writes, which the slowest Cassandra
 * that was seen (1,600 writes a second: few writers, each waiting for a sync) does within the 2 s after which it gives
 * up a write.
 */
const REQUESTS_RUNNING_MAX = 32;
const REQUESTS_WAITING_MAX = 4_096;

/**
 * How often a request is sent that fails in a way that may pass, and for how long: none is sent when its caller has waited
 * that long already, for an answer or for its turn. With the time-out of a request (4 s) a caller waits 4 s more at most.
 */
export type Attempts = { readonly countMax: number; readonly withinMs: number };

const ATTEMPTS_DEFAULT: Attempts = { countMax: 3, withinMs: 4_000 };
const BACKOFF_MS = 50;

/** Rows of one page: about 300 kB of usual events. */
const PAGE_ROWS = 1_000;

/** What the journal asks of the driver: bounded, prepared, tried again, with journal errors. */
export class Session {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #attempts: Attempts;
  readonly #names: OptionNames;
  readonly #limit = new ConcurrencyLimit({
    runningMax: REQUESTS_RUNNING_MAX,
    waitingMax: REQUESTS_WAITING_MAX,
  });
  #closed: Promise<void> | undefined;

  constructor(options: {
    readonly client: Client;
    readonly clock: Clock;
    readonly timers: Timers;
    readonly attempts?: Attempts | undefined;
    readonly names?: OptionNames;
  }) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#attempts = options.attempts ?? ATTEMPTS_DEFAULT;
    this.#names = options.names ?? ownNames;
  }

  /**
   * Writes all of the statements in one request, each for itself: some may be written when it fails.
   * They must be idempotent, and name their timestamps.
   */
  async write(statements: readonly Statement[]): Promise<void> {
    const [first] = statements;
    if (!first) return;
    const options: QueryOptions = { prepare: true, isIdempotent: true, logged: false };
    // One alone is no batch: Cassandra's limit on the size of batches does not count for it.
    await this.#request(() =>
      statements.length === 1
        ? this.#client.execute(first.query, first.params as unknown[], options)
        : this.#client.batch(statements as { query: string; params: unknown[] }[], options),
    );
  }

  /** All rows that a query gives, page by page. */
  async read<Row>({ query, params }: Statement): Promise<readonly Row[]> {
    const rows: Row[] = [];
    for await (const page of this.pages<Row>({ query, params })) rows.push(...page);
    return rows;
  }

  async *pages<Row>({ query, params }: Statement): AsyncGenerator<readonly Row[], void, void> {
    let pageState: string | undefined;
    do {
      const options: QueryOptions = { prepare: true, isIdempotent: true, fetchSize: PAGE_ROWS };
      if (pageState) options.pageState = pageState;
      const result = await this.#request(() =>
        this.#client.execute(query, params as unknown[], options),
      );
      yield result.rows as unknown as readonly Row[];
      pageState = result.pageState;
    } while (pageState);
  }

  /**
   * Does the work for every item, as many at once as there are places, so that a long call does not
   * fill the queue; the results in their order.
   */
  async forEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<readonly R[]> {
    this.assertOpen();
    const results: R[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < items.length; index = next++) {
        const item = items[index] as T;
        results[index] = await work(item);
      }
    };
    const workers = Math.min(REQUESTS_RUNNING_MAX, items.length);
    try {
      await Promise.all(Array.from({ length: workers }, worker));
    } finally {
      next = items.length; // after a failure nothing more is started
    }
    return results;
  }

  assertOpen(): void {
    if (!this.#closed) return;
    throw new JournalError('closed', 'This journal was closed. Open another one.');
  }

  /** Requests that are on their way fail. */
  async close(): Promise<void> {
    this.#closed ??= this.#client.shutdown();
    await this.#closed;
  }

  async #request<T>(send: () => Promise<T>): Promise<T> {
    const { countMax, withinMs } = this.#attempts;
    const startMs = this.#clock.monotonicMs();
    const isLate = (): boolean => this.#clock.monotonicMs() - startMs >= withinMs;
    const sendInTime = async (): Promise<T> => {
      if (isLate()) throw tooBusy();
      return this.#attempt(send);
    };
    return retry(() => this.#limit.run(sendInTime), {
      attemptsMax: countMax,
      backoffMs: (attempt) => BACKOFF_MS * attempt,
      timers: this.#timers,
      shouldRetry: (error) => error instanceof JournalError && error.retriable && !isLate(),
    });
  }

  async #attempt<T>(send: () => Promise<T>): Promise<T> {
    this.assertOpen();
    try {
      return await send();
    } catch (error) {
      throw this.#closed
        ? new JournalError('closed', 'This journal was closed meanwhile.', { cause: error })
        : toJournalError(error, this.#names);
    }
  }
}

function tooBusy(): JournalError {
  return new JournalError(
    'unavailable',
    'Cassandra takes too long for the requests before this one. Try again later.',
  );
}
