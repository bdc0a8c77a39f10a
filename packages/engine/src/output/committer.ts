import { sleep } from '@chat-cluster/kernel';
import { LogError, type TransactionalProducer } from '@chat-cluster/log';
import type { EngineTopics } from '../engine-topics.ts';
import type { Tenure } from '../partition/tenure.ts';
import { StartCommit, type FirstOffsets } from './start-commit.ts';
import {
  TransactionLoop,
  type PartSource,
  type TransactionLoopOptions,
} from './transaction-loop.ts';

export type CommitterOptions = Omit<TransactionLoopOptions, 'producer' | 'onFenced'> & {
  /** Asks for a producer id, which fences every earlier holder of the transactional id. */
  readonly openProducer: () => Promise<TransactionalProducer>;
  readonly topics: EngineTopics;
  /** The transactional id was taken: nothing of what was decided may be committed any more. Called before a new producer is asked for. */
  readonly onFenced: () => void;
  /** There is a new producer: tenures may begin anew. */
  readonly onReopened: () => void;
};

/** Another holder of the transactional id came twice: two workers of one name, or a new owner that found the id's transaction open while this process stood still. */
export class FencedTwiceError extends Error {
  override readonly name = 'FencedTwiceError';

  constructor() {
    super(
      'Fenced twice in a minute: another worker has the same name, or this process stood still more than once. Give each worker a name of its own, and start this one again.',
    );
  }
}

const FENCED_TWICE_WITHIN_MS = 60_000;
/** Between two attempts to get a new producer, while the log does not answer. */
const REOPEN_INTERVAL_MS = 1_000;

/**
 * Commits what the shards of a worker have decided. Owns its producer, and the transaction loop on it: both are new after the worker was fenced. Fenced twice within a minute means that
 * two workers have one name, and fails.
 */
export class Committer {
  readonly #options: CommitterOptions;
  readonly #starts = new Set<StartCommit>();
  #producer: TransactionalProducer;
  #loop: TransactionLoop;
  #fencedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  /** @param producer the first one, asked for before the group was joined */
  constructor(producer: TransactionalProducer, options: CommitterOptions) {
    this.#options = options;
    this.#producer = producer;
    this.#loop = this.#makeLoop();
  }

  /** Something was decided, or there is a generation again. */
  kick(): void {
    this.#loop.kick();
  }

  holds(tenure: Tenure): boolean {
    return this.#loop.holds(tenure);
  }

  /** After the tenure has ended: resolves when no transaction holds anything of it. */
  release(tenure: Tenure): Promise<void> {
    return this.#loop.release(tenure);
  }

  /** Commits where fresh inputs of a shard begin. Rejects with TenureEndedError when the tenure ends first. */
  async commitStart(tenure: Tenure, first: FirstOffsets): Promise<void> {
    const commit = new StartCommit(tenure, first, this.#options.topics);
    this.#starts.add(commit);
    this.kick();
    try {
      await commit.whenCommitted(this.#options.timers);
    } finally {
      this.#starts.delete(commit);
    }
  }

  /** Ends without committing anything further; resolves when no transaction is under way. */
  async end(): Promise<void> {
    this.#isClosed = true;
    await this.#loop.end();
  }

  /** What is under way is given up: whether it has committed is for the next owner to read. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#producer.close();
  }

  #makeLoop(): TransactionLoop {
    return new TransactionLoop({
      ...this.#options,
      producer: this.#producer,
      sources: () => this.#sources(),
      onFenced: (message) => void this.#reopen(message),
    });
  }

  *#sources(): Iterable<PartSource> {
    yield* this.#starts;
    yield* this.#options.sources();
  }

  /** Somebody took our transactional id. What was in flight may have been committed or not: who takes over anew reads it from the log. */
  async #reopen(message: string): Promise<void> {
    const { clock, onFailed, onFenced, onReopened, report } = this.#options;
    report('error', 'This worker was fenced; it drops everything.', { message });
    onFenced();
    const sinceMs = clock.monotonicMs() - this.#fencedAtMs;
    this.#fencedAtMs = clock.monotonicMs();
    if (sinceMs < FENCED_TWICE_WITHIN_MS) {
      onFailed(new FencedTwiceError());
      return;
    }
    await this.#producer.close();
    const producer = await this.#openAgain();
    if (producer === undefined) return;
    this.#producer = producer;
    if (this.#isClosed) {
      await producer.close();
      return;
    }
    this.#loop = this.#makeLoop();
    onReopened();
  }

  /** Tries until it succeeds; undefined when that is not wanted any more. */
  async #openAgain(): Promise<TransactionalProducer | undefined> {
    const { onFailed, openProducer, report, timers } = this.#options;
    while (!this.#isClosed) {
      try {
        return await openProducer();
      } catch (error) {
        if (!(error instanceof LogError) || !error.retriable) {
          onFailed(error instanceof Error ? error : new Error(String(error)));
          return undefined;
        }
        report('warn', 'The log gave no new producer id yet.', { error });
        await sleep(timers, REOPEN_INTERVAL_MS);
      }
    }
    return undefined;
  }
}
