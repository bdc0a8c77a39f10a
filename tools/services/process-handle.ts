import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { assert } from '@chat-cluster/kernel';
import { ServicesError } from './services-error.ts';

const POLL_MS = 50;

/** A server that got SIGKILL is gone as soon as the kernel has freed its memory. */
const KILL_WAIT_MS = 10_000;

const LOG_TAIL_LINES = 12;

/**
 * A server process that is known by its folder: `<folder>/pid` names it, `<folder>/server.log` is all it
 * printed. Every handle of the same folder, in whatever process, sees and steers the same server.
 *
 * A pid alone may by now belong to another program. So the server's command line carries the folder
 * (`marker`), and a process without it is taken for a stranger: the server then counts as gone.
 */
export class ProcessHandle {
  /** What people call the server, such as `kafka-1`. */
  readonly name: string;
  readonly folder: string;
  readonly logPath: string;
  readonly #pidPath: string;

  constructor(options: { name: string; folder: string }) {
    this.name = options.name;
    this.folder = options.folder;
    this.logPath = join(options.folder, 'server.log');
    this.#pidPath = join(options.folder, 'pid');
  }

  /** An argument that must be part of the server's command line: for Java, a system property. */
  get marker(): string {
    return `-Dchatcluster.service.folder=${this.folder}`;
  }

  /** The process id of the running (or paused) server, or undefined when there is none. */
  pid(): number | undefined {
    const pid = Number(readFileIfThere(this.#pidPath) ?? Number.NaN);
    if (!Number.isInteger(pid)) return undefined;
    return commandLineOf(pid).includes(this.marker) ? pid : undefined;
  }

  /**
   * Starts the server in a session of its own, so that a Ctrl-C meant for the starter does not reach it.
   * Does nothing when it runs already. Returns at once: being ready is another question.
   *
   * @param args must contain the `marker`, where the command takes it for an option of its own.
   */
  start(options: { command: string; args: string[] }): void {
    assert(options.args.includes(this.marker), 'the command line of a server carries its marker');
    if (this.pid() !== undefined) return;
    mkdirSync(this.folder, { recursive: true });
    const log = openSync(this.logPath, 'a');
    const child = spawn(options.command, options.args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    // Without a listener a failed spawn would end this process; the missing pid tells it as well.
    child.on('error', () => {});
    child.unref();
    if (child.pid === undefined) {
      throw new ServicesError('died', `${this.name} could not be started: ${options.command}`);
    }
    writeFileSync(this.#pidPath, `${child.pid}\n`);
  }

  /**
   * Waits until `isReady` says so.
   *
   * @throws ServicesError `died` or `not-ready`, with the last lines of the log.
   */
  async untilReady(isReady: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!(await isReady())) {
      if (this.pid() === undefined) throw this.#notReadyError('died', 'ended before it was ready');
      if (performance.now() > deadline) {
        throw this.#notReadyError('not-ready', `was not ready after ${timeoutMs} ms`);
      }
      await delay(POLL_MS);
    }
  }

  /** Asks the server to stop; kills it when it is still there after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const pid = this.pid();
    if (pid === undefined) return;
    this.#signal('SIGTERM');
    // A paused server would not see the request.
    this.#signal('SIGCONT');
    if (!(await untilGone(pid, graceMs))) await this.kill();
    rmSync(this.#pidPath, { force: true });
  }

  /** kill -9. Returns when the process is gone. */
  async kill(): Promise<void> {
    const pid = this.pid();
    if (pid === undefined) return;
    this.#signal('SIGKILL');
    if (!(await untilGone(pid, KILL_WAIT_MS))) {
      throw new ServicesError('busy', `${this.name} (pid ${pid}) is still there after SIGKILL.`);
    }
    rmSync(this.#pidPath, { force: true });
  }

  /** kill -9 without waiting, for the last moments of the process that started the server. */
  killAtOnce(): void {
    this.#signal('SIGKILL');
    rmSync(this.#pidPath, { force: true });
  }

  /** Freezes the server (SIGSTOP): its sockets stay open and answer nothing. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  /** Lets a frozen server go on (SIGCONT). */
  resume(): void {
    this.#signal('SIGCONT');
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.pid();
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch (cause) {
      // It ended between the look and the signal.
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
    }
  }

  #notReadyError(code: 'died' | 'not-ready', what: string): ServicesError {
    const lines = (readFileIfThere(this.logPath) ?? '').trimEnd().split('\n');
    const tail = lines.slice(-LOG_TAIL_LINES).join('\n');
    return new ServicesError(code, `${this.name} ${what}. The end of ${this.logPath}:\n${tail}`);
  }
}

async function untilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!isGone(pid)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/**
 * Whether a process has let go of its ports and files. A killed process first loses its memory, its command
 * line with it, and only when its last thread has ended its sockets are closed; then it is a zombie of one
 * thread, until its parent has asked for it, which in a container without an init nobody may ever do.
 */
function isGone(pid: number): boolean {
  if (process.platform !== 'linux') return commandLineOf(pid) === '';
  const status = readFileIfThere(`/proc/${pid}/status`);
  if (status === undefined) return true;
  return /^State:\s*[ZX]/m.test(status) && /^Threads:\s*1$/m.test(status);
}

/** The command line of a process, or '' when there is no such process (or only what is left of one). */
function commandLineOf(pid: number): string {
  const fromProc = readFileIfThere(`/proc/${pid}/cmdline`);
  if (fromProc !== undefined) return fromProc;
  if (process.platform === 'linux') return '';
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function readFileIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
