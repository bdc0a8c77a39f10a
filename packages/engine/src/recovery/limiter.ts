export type JobOptions = {
  /** Ends the wait for a place, with its reason; a job that runs is not ended. */
  readonly signal?: AbortSignal | undefined;
  /** A small whole number; of those that wait the lowest comes first. Default: 0. */
  readonly rank?: number;
};

type Waiting = { readonly rank: number; readonly start: () => void };

/** Lets a bounded number of jobs run at a time; the others wait, those of a lower rank first, and in order. The callers bound how many wait; who does not wait any more leaves the line. */
export class Limiter {
  readonly #concurrencyMax: number;
  /** By rank; those of one rank in the order in which they came. */
  readonly #waiting: Waiting[] = [];
  /** Jobs that run or wait, by rank. */
  readonly #counts: number[] = [];
  #running = 0;

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
  }

  /** Whether a job would have to wait. */
  get isFull(): boolean {
    return this.#running >= this.#concurrencyMax;
  }

  /** Whether a job of a lower rank runs or waits. */
  hasBelow(rank: number): boolean {
    return this.#counts.some((count, other) => other < rank && count > 0);
  }

  async run<T>(job: () => Promise<T>, { rank = 0, signal }: JobOptions = {}): Promise<T> {
    signal?.throwIfAborted();
    this.#count(rank, 1);
    try {
      if (this.#running < this.#concurrencyMax) this.#running += 1;
      else await this.#wait(rank, signal);
      return await this.#inPlace(job);
    } finally {
      this.#count(rank, -1);
    }
  }

  async #inPlace<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } finally {
      // The place goes to the next in line: nobody can step in between.
      const next = this.#waiting.shift();
      if (next) next.start();
      else this.#running -= 1;
    }
  }

  #count(rank: number, by: 1 | -1): void {
    this.#counts[rank] = (this.#counts[rank] ?? 0) + by;
  }

  #wait(rank: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const waiting = { rank, start };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal?.reason as Error);
      };
      const behind = this.#waiting.findLastIndex((other) => other.rank <= rank);
      this.#waiting.splice(behind + 1, 0, waiting);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
