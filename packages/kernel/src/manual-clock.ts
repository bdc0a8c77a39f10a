import { assert } from './assert.ts';
import type { Clock } from './clock.ts';

/**
 * 2023-11-14 22:13:20 UTC: a time that looks like one, because 0 has a meaning of its own in
 * records.
 */
const WALL_START_MS = 1_700_000_000_000;

/** A clock that stands still until it is told to go on. For tests and simulations. */
export class ManualClock implements Clock {
  readonly #wallStartMs: number;
  #elapsedMs = 0;

  constructor({ wallStartMs = WALL_START_MS }: { wallStartMs?: number } = {}) {
    this.#wallStartMs = wallStartMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#elapsedMs;
  }

  /** Starts at 0. */
  monotonicMs(): number {
    return this.#elapsedMs;
  }

  /**
   * Moves both times on by `ms` (0 or more). Fires no timers: `ManualTimers.advance` does that, and
   * moves this clock too.
   */
  advance(ms: number): void {
    assert(
      Number.isFinite(ms) && ms >= 0,
      'A clock advances by a finite number of milliseconds, never backwards.',
    );
    this.#elapsedMs += ms;
  }
}
