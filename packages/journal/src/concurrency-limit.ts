import { BoundedQueue } from '@chat-cluster/kernel';
import { JournalError } from './journal-error.ts';

/**
 * Lets a bounded number of requests run at once and a bounded number wait, first come first served.
 * What does not fit is refused, so that a slow store never fills the memory of its client.
 */
export class ConcurrencyLimit {
  readonly #runningMax: number;
  readonly #waiting: BoundedQueue<() => void>;
  #running = 0;

  /** @param limits `runningMax`: requests at once; `waitingMax`: requests that wait for their turn */
  constructor({ runningMax, waitingMax }: { runningMax: number; waitingMax: number }) {
    this.#runningMax = runningMax;
    this.#waiting = new BoundedQueue({ countMax: waitingMax });
  }

  /**
   * Runs the work when it is its turn.
   *
   * @throws JournalError 'unavailable' when too many wait already; else what the work throws
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#runningMax) this.#running += 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      // The place goes to the next in line, so that nobody can step in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push(resolve)) return;
      reject(
        new JournalError(
          'unavailable',
          `More than ${this.#waiting.countMax} requests wait for the journal. Try again later.`,
        ),
      );
    });
  }
}
