/**
 * Writes lines in bunches: what comes in one turn of the event loop goes out in one write, because a write to a
 * terminal or a pipe costs far more than a line.
 */
export class LineWriter {
  readonly #write: (text: string) => void;
  #text = '';

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  readonly print = (line: string): void => {
    if (this.#text === '') setImmediate(() => this.flush());
    this.#text += `${line}\n`;
    if (this.#text.length >= TEXT_LENGTH_MAX) this.flush();
  };

  /** Writes what waits. */
  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#write(text);
  }
}

/** What a pipe takes at once. */
const TEXT_LENGTH_MAX = 64 * 1024;
