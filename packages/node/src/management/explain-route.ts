import { explain, readExplainQuestion, type Explanation } from '@chat-cluster/engine';
import { JournalError } from '@chat-cluster/journal';
import { type Log, LogError } from '@chat-cluster/log';

type ExplainOptions = Parameters<typeof explain>[0];

/** An answer of the management server. */
export type RouteAnswer = { readonly status: number; readonly body: unknown };

/** Questions that wait while one is answered: each reads some thousands of records. */
const WAITING_MAX = 16;

/**
 * Answers `/explain`, one question after the other, on a log client of its own that is opened for the first one:
 * `{"explanations":[…]}`; 400 for a question that names nothing, 503 when the log or the journal does not answer, or too many wait.
 */
export class ExplainRoute {
  readonly #options: Omit<ExplainOptions, 'log'> & { readonly openLog: () => Log };
  #log: Log | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;

  constructor(options: Omit<ExplainOptions, 'log'> & { readonly openLog: () => Log }) {
    this.#options = options;
  }

  async answer(query: string): Promise<RouteAnswer> {
    const question = readExplainQuestion(new URLSearchParams(query));
    if (typeof question === 'string') return { status: 400, body: { error: question } };
    if (this.#waiting >= WAITING_MAX || this.#isClosed) {
      return { status: 503, body: { error: 'Too many questions wait: ask again later.' } };
    }
    this.#waiting += 1;
    const answered = this.#last.then(() => this.#explain(question));
    this.#last = answered.catch(() => {});
    try {
      return { status: 200, body: { explanations: await answered } };
    } catch (error) {
      if (!(error instanceof LogError || error instanceof JournalError)) throw error;
      return { status: 503, body: { error: error.message } };
    } finally {
      this.#waiting -= 1;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#log?.close();
  }

  #explain(question: Parameters<typeof explain>[1]): Promise<Explanation[]> {
    this.#log ??= this.#options.openLog();
    return explain({ ...this.#options, log: this.#log }, question);
  }
}
