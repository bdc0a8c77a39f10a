import type { Cancel, Timers } from '@chat-cluster/kernel';

/** How long an empty group waits for its first members to arrive together. Starts at once. */
export class InitialWait {
  readonly #timers: Timers;
  readonly #delayMs: number;
  readonly #onOver: () => void;
  #remainingMs: number;
  #isExtended = false;
  #cancelTimer: Cancel = () => {};

  /** @param of `delayMs`: for the first member, and again after each newcomer; `waitMsMax`: for all together */
  constructor(of: { timers: Timers; delayMs: number; waitMsMax: number; onOver: () => void }) {
    this.#timers = of.timers;
    this.#delayMs = of.delayMs;
    this.#onOver = of.onOver;
    this.#remainingMs = Math.max(of.waitMsMax - of.delayMs, 0);
    this.#wait(of.delayMs);
  }

  /** Somebody has come: others may follow. */
  extend(): void {
    this.#isExtended = true;
  }

  cancel(): void {
    this.#cancelTimer();
  }

  #wait(waitMs: number): void {
    this.#cancelTimer = this.#timers.after(waitMs, () => {
      const nextMs = Math.min(this.#delayMs, this.#remainingMs);
      if (!this.#isExtended || nextMs === 0) return this.#onOver();
      this.#isExtended = false;
      this.#remainingMs -= nextMs;
      this.#wait(nextMs);
    });
  }
}
