import type { Report } from '../management/report.ts';
import type { ByteBudget } from './byte-budget.ts';

/** Tells people that intake is paused because the backlog is full, and when it goes on. */
export class BacklogWatch {
  readonly #budget: ByteBudget;
  readonly #report: Report;
  #isPausedReported = false;

  constructor(options: { readonly budget: ByteBudget; readonly report: Report }) {
    this.#budget = options.budget;
    this.#report = options.report;
  }

  /** Why intake is paused, in a sentence; undefined while it is not. */
  get trouble(): string | undefined {
    const { bytes, bytesMax, isFull } = this.#budget;
    if (!isFull) return undefined;
    return `Intake is paused: ${bytes} bytes of committed events wait for the journal (at most ${bytesMax}).`;
  }

  /** Reports what has changed since the last call. */
  look(): void {
    const { trouble } = this;
    const isPaused = trouble !== undefined;
    if (isPaused === this.#isPausedReported) return;
    this.#isPausedReported = isPaused;
    if (isPaused) this.#report('warn', trouble);
    else this.#report('info', 'Intake goes on: there is room in the backlog again.');
  }
}
