/** Between two ticks of a process that gets the processor. */
export const TICK_MS = 50;

/**
 * Counts time as a process has it: a tick is missed when the process does not run. So a bound in ticks tells a program that waits from one that a busy machine keeps waiting, which a
 * wall clock cannot: a process that is stopped, or gets the processor half of the time, counts as much less, and what it still has to do by its own timers is late by the same.
 */
export class Ticks {
  #count = 0;

  constructor() {
    setInterval(() => (this.#count += 1), TICK_MS).unref();
  }

  get count(): number {
    return this.#count;
  }
}

/** A line that says how many ticks its process has seen. */
export function tickText(count: number): string {
  return `[tick ${count}]`;
}

/** The ticks that such a line tells; undefined if it does not. */
export function tickOf(line: string): number | undefined {
  const [, count] = /\[tick (\d+)\]/.exec(line) ?? [];
  return count === undefined ? undefined : Number(count);
}
