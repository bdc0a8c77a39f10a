import { assert } from './assert.ts';
import { ManualClock } from './manual-clock.ts';
import { assertDelay, type Cancel, type Timers } from './timers.ts';

type Pending = { readonly dueMs: number; readonly callback: () => void };

/**
 * Timers that fire only when told to. For tests and simulations.
 *
 * Callbacks run synchronously, in the order of their due times, then of their creation. Code that
 * awaits between two timers sets its second one only once its promises have run: advance to
 * `nextDueInMs()`, let the promises run, and repeat.
 */
export class ManualTimers implements Timers {
  readonly clock: ManualClock;
  /** Sorted by due time, then by creation. */
  readonly #pending: Pending[] = [];
  #isAdvancing = false;

  /** @param clock advanced together with the timers; a new one by default */
  constructor(clock: ManualClock = new ManualClock()) {
    this.clock = clock;
  }

  after(delayMs: number, callback: () => void): Cancel {
    assertDelay(delayMs);
    const timer: Pending = { dueMs: this.clock.monotonicMs() + delayMs, callback };
    const indexLater = this.#pending.findIndex((other) => other.dueMs > timer.dueMs);
    this.#pending.splice(indexLater === -1 ? this.#pending.length : indexLater, 0, timer);
    return () => this.#cancel(timer);
  }

  /**
   * Moves the clock on by `ms` (0 or more) and fires what falls due on the way, each at its own
   * time; what a callback sets is fired too if it falls due. An error that a callback throws is
   * passed on; the timers after it stay pending.
   */
  advance(ms: number): void {
    assert(!this.#isAdvancing, 'A timer does not advance the timers that fire it.');
    assert(
      Number.isFinite(ms) && ms >= 0,
      'Timers advance by a finite number of milliseconds, never backwards.',
    );
    const endMs = this.clock.monotonicMs() + ms;
    this.#isAdvancing = true;
    try {
      this.#fireUntil(endMs);
      this.#moveClockTo(endMs);
    } finally {
      this.#isAdvancing = false;
    }
  }

  /**
   * Milliseconds until the next timer is due (0 if it is overdue), undefined if none is pending.
   */
  nextDueInMs(): number | undefined {
    const next = this.#pending[0];
    return next && Math.max(0, next.dueMs - this.clock.monotonicMs());
  }

  #fireUntil(endMs: number): void {
    for (let next = this.#pending[0]; next && next.dueMs <= endMs; next = this.#pending[0]) {
      this.#pending.shift();
      this.#moveClockTo(next.dueMs);
      next.callback();
    }
  }

  /**
   * Somebody may have advanced the clock by itself, past a timer: then that timer fires late, and
   * the clock stays.
   */
  #moveClockTo(monotonicMs: number): void {
    this.clock.advance(Math.max(0, monotonicMs - this.clock.monotonicMs()));
  }

  #cancel(timer: Pending): void {
    const index = this.#pending.indexOf(timer);
    if (index !== -1) this.#pending.splice(index, 1);
  }
}
