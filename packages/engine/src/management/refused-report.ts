import type { Counters } from './counters.ts';
import type { Report } from './report.ts';

/** Tells of dead letters in one line however many there were: a sender gone wild must not fill the log. */
export class RefusedReport {
  readonly #counters: Counters;
  readonly #report: Report;
  #reportedCount = 0;

  constructor(counters: Counters, report: Report) {
    this.#counters = counters;
    this.#report = report;
  }

  /** Reports what came since the last look. Call it now and then. */
  look(): void {
    const { deadLetters, lastRefused } = this.#counters;
    const count = deadLetters - this.#reportedCount;
    if (count === 0) return;
    this.#reportedCount = deadLetters;
    this.#report('warn', 'Records became dead letters.', { count, last: lastRefused });
  }
}
