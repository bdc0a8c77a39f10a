import type { Report } from '@chat-cluster/engine';
import { LineWriter } from './line-writer.ts';
import { processorReport } from './processor-report.ts';

/** What a processor says to the person who started it. */
export class Terminal {
  readonly #lines = new LineWriter((text) => process.stdout.write(text));
  readonly #complaints = new LineWriter((text) => process.stderr.write(text));

  readonly print = this.#lines.print;

  readonly report: Report = processorReport({
    print: this.#lines.print,
    complain: this.#complaints.print,
  });

  /** Why the processor does not start, or go on: at once, because the process ends. */
  readonly fatal = (sentence: string): void => {
    this.#complaints.print(sentence);
    this.flush();
  };

  flush(): void {
    this.#lines.flush();
    this.#complaints.flush();
  }
}
