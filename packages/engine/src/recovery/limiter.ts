/** Lets a bounded number of jobs run at a time; the others wait in order. The callers bound how many wait; who does not wait any more leaves the line. */
export class Limiter {
  readonly #concurrencyMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
  }

  /** Whether a job would have to wait. */
  get isFull(): boolean {
    return this.#running >= this.#concurrencyMax;
  }

  /** @param signal ends the wait for a place, with its reason; a job that runs is not ended */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#running < this.#concurrencyMax) this.#running += 1;
    else await this.#wait(signal);
    try {
      return await job();
    } finally {
      // The place goes to the next in line: nobody can step in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal?.reason as Error);
      };
      this.#waiting.push(start);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }
}
