import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** How a process ended: its exit code, or the signal that ended it. */
export type Ended = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ProgramOptions = {
  /** Messages can be sent to it. */
  readonly talks?: boolean;
  /** It reads what is typed. */
  readonly reads?: boolean;
  /**
   * The entry is a command that is looked for in the PATH. As a shell does, it is started in a process group of its own; signals go to
   * everybody in it.
   */
  readonly isCommand?: boolean;
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
};

/** A program of the project in a process of its own. It is killed, if it still runs, when this process exits. */
export class Program {
  /** Resolves when it has ended, everybody who could print for it too, and all that was printed has been read. */
  readonly ended: Promise<Ended>;
  readonly #process: ChildProcess;
  readonly #isGroup: boolean;
  #stdout = '';
  #stderr = '';

  /** `entry` is a file of the repository, from its root, where it runs. */
  constructor(entry: string, args: readonly string[], options: ProgramOptions = {}) {
    const { env, isCommand = false, reads = false, talks = false } = options;
    const input = reads ? 'pipe' : 'ignore';
    const [command, ...words] = isCommand ? [entry] : [process.execPath, join(root, entry)];
    this.#process = spawn(command, [...words, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: [input, 'pipe', 'pipe', ...(talks ? ['ipc' as const] : [])],
      detached: isCommand,
    });
    this.#isGroup = isCommand;
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    const killAtExit = (): void => this.#signal('SIGKILL');
    process.once('exit', killAtExit);
    this.ended = once(this.#process, 'close').then((ended) => {
      process.removeListener('exit', killAtExit);
      const [code, signal] = ended as [number | null, NodeJS.Signals | null];
      return { code, signal };
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Resolves with the match when standard output holds one. Rejects, with all that was printed, when the program ends before. */
  async untilPrinted(pattern: RegExp): Promise<RegExpExecArray> {
    let isOver = false;
    const over = this.ended.then(() => (isOver = true));
    for (;;) {
      const found = pattern.exec(this.#stdout);
      if (found !== null) return found;
      if (isOver) throw new Error(`The program ended early.\n${this.#stdout}\n${this.#stderr}`);
      const stdout = this.#process.stdout;
      if (stdout === null || stdout.destroyed) await over;
      else await Promise.race([once(stdout, 'data'), over]);
    }
  }

  /** For a program that listens to messages. */
  send(message: object | string): void {
    this.#process.send(message);
  }

  /** Into its standard input, a pipe that stays open. */
  type(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** No more is typed. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  /** Asks it to stop, as Ctrl-C and a supervisor do. */
  stop(signal: 'SIGINT' | 'SIGTERM' = 'SIGTERM'): Promise<Ended> {
    this.#signal(signal);
    return this.ended;
  }

  /** For the end of a test, however it went. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.kill();
  }

  /** kill -9 */
  kill(): Promise<Ended> {
    this.#signal('SIGKILL');
    return this.ended;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (this.#isGroup && this.isRunning && pid !== undefined) process.kill(-pid, signal);
    else this.#process.kill(signal);
  }
}
