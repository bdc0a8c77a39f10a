/**
 * How many bytes of requests all connections together may have in work. A connection that reads beyond it stops
 * reading until others have been answered.
 */
export class ByteBudget {
  readonly #bytesMax: number;
  #usedBytes = 0;
  readonly #waiting = new Set<() => void>();

  constructor({ bytesMax }: { bytesMax: number }) {
    this.#bytesMax = bytesMax;
  }

  get isExhausted(): boolean {
    return this.#usedBytes >= this.#bytesMax;
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#usedBytes -= bytes;
    if (this.isExhausted) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Calls back once when there is room again. */
  whenAvailable(resume: () => void): void {
    this.#waiting.add(resume);
  }
}
