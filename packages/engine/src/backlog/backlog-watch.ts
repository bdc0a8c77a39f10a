import type { Clock } from '@chat-cluster/kernel';
import type { Report } from '../management/report.ts';
import type { ByteBudget } from './byte-budget.ts';

/** A backlog that is full for less than this is a journal at its limit, not one that is away. */
const PAUSE_NOTABLE_MS = 2_000;

/** Tells people that intake is paused because the backlog is full and stays so, and when it goes on. */
export class BacklogWatch {
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #report: Report;
  /** When the backlog was first seen full since there was room (monotonic ms). */
  #fullSinceMs: number | undefined;
  #isPausedReported = false;

  constructor(options: {
    readonly budget: ByteBudget;
    readonly clock: Clock;
    readonly report: Report;
  }) {
    this.#budget = options.budget;
    this.#clock = options.clock;
    this.#report = options.report;
  }

  /** Why intake is paused, in a sentence; undefined while it is not, or not for long. */
  get trouble(): string | undefined {
    const { bytes, bytesMax, isFull } = this.#budget;
    if (!isFull || this.#fullSinceMs === undefined) return undefined;
    if (this.#clock.monotonicMs() - this.#fullSinceMs < PAUSE_NOTABLE_MS) return undefined;
    return `Intake is paused: ${bytes} bytes of committed events wait for the journal (at most ${bytesMax}).`;
  }

  /** The journal has taken something: however full the backlog is, it moves. */
  madeRoom(): void {
    this.#fullSinceMs = undefined;
    this.look();
  }

  /** Notes what is now, and reports what has changed. Call it now and then. */
  look(): void {
    if (!this.#budget.isFull) this.#fullSinceMs = undefined;
    else this.#fullSinceMs ??= this.#clock.monotonicMs();
    const { trouble } = this;
    const isPaused = trouble !== undefined;
    if (isPaused === this.#isPausedReported) return;
    this.#isPausedReported = isPaused;
    if (isPaused) this.#report('warn', trouble);
    else this.#report('info', 'Intake goes on: there is room in the backlog again.');
  }
}
