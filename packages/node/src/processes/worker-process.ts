import { type ChildProcess, fork } from 'node:child_process';
import type { ExplainOutcome, ExplainQuestion, Report, ShardMap } from '@chat-cluster/engine';
import { assert, type Cancel, type Clock, deferred, type Timers } from '@chat-cluster/kernel';
import { StartError } from '../listen.ts';
import type { AbsentWorker, NodeWorker, WorkerStatus } from '../worker-status.ts';
import { nextRestart } from './next-restart.ts';
import type { FromWorker, ToWorker, WorkerOrders, WorkerQuestion } from './worker-messages.ts';

export type WorkerProcessOptions = {
  /** How people call it. */
  readonly name: string;
  /** The file that the process runs. */
  readonly module: URL;
  /** What it is told first. */
  readonly orders: WorkerOrders;
  /** Called with each new map that the worker gets. */
  readonly onMap: (map: ShardMap) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly report: Report;
};

/** A worker that does not tell within this time is busy with something that does not end. */
const LOOK_WAIT_MS = 2_000;
/** It answers by the deadline itself, if it is not busy with something that does not end. */
const EXPLAIN_MARGIN_MS = 1_000;
/** Longer than a worker's own stop may take. */
const STOP_WAIT_MS = 20_000;

/**
 * - starting: its process runs and has no assignment yet.
 * - running: it has had its first assignment.
 * - waiting: its process has ended and is started again later.
 * - stopped: it was asked to end, or could not start at first.
 */
type Phase = 'starting' | 'running' | 'waiting' | 'stopped';

/**
 * A worker in a process of its own, with its own heap, journal and connections. When the process ends and nobody asked it to, it is started again, later and later if it goes on like
 * that. When this process ends, however it does, the other one ends too.
 */
export class WorkerProcess implements NodeWorker {
  readonly #options: WorkerProcessOptions;
  /** Who waits for the answer of that number. */
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #phase: Phase = 'starting';
  #child: ChildProcess | undefined;
  #ended = deferred<void>();
  #hasRun = false;
  #launchedMs = 0;
  #failureCount = 0;
  /** Why the process before this one ended; a sentence. */
  #failure = '';
  #askedCount = 0;
  #cancelRestart: Cancel = () => {};
  #stopping: Promise<void> | undefined;

  private constructor(options: WorkerProcessOptions) {
    this.#options = options;
  }

  /** Resolves when the worker has its first assignment. Rejects with a StartError when its process ends before that. */
  static async start(options: WorkerProcessOptions): Promise<WorkerProcess> {
    const worker = new WorkerProcess(options);
    await worker.#launch();
    return worker;
  }

  /** Undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async look(): Promise<WorkerStatus | AbsentWorker> {
    const status = await this.#ask({ kind: 'look' }, LOOK_WAIT_MS);
    const { name } = this.#options;
    return (status as WorkerStatus | undefined) ?? { kind: 'absent', name, reason: this.#reason() };
  }

  async explain(
    question: ExplainQuestion,
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<ExplainOutcome> {
    const asked = { kind: 'explain', question, deadlineMs } as const;
    const outcome = await this.#ask(asked, deadlineMs + EXPLAIN_MARGIN_MS, signal);
    if (outcome !== undefined) return outcome as ExplainOutcome;
    const reason = `${this.#options.name}: ${this.#reason()}`;
    return { kind: 'refused', code: 'unreadable', reason };
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#cancelRestart();
    this.#phase = 'stopped';
    if (this.#child === undefined) return;
    this.#send({ kind: 'stop' });
    const cancel = this.#options.timers.after(STOP_WAIT_MS, () => this.#child?.kill('SIGKILL'));
    await this.#ended.promise;
    cancel();
  }

  /** Starts the process; resolves when its worker has its first assignment. */
  #launch(): Promise<void> {
    assert(this.#child === undefined, 'A worker has one process at a time.');
    const { clock, module, name, orders } = this.#options;
    const started = deferred<void>();
    let failure: string | undefined;
    this.#phase = 'starting';
    this.#ended = deferred();
    this.#launchedMs = clock.monotonicMs();
    const child = fork(module, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message) => {
      const told = message as FromWorker;
      if (told.kind === 'failed') failure = told.sentence;
      else if (told.kind === 'answer') this.#waiting.get(told.id)?.(told.answer);
      else if (told.kind === 'map') this.#options.onMap(told.map);
      else {
        this.#started();
        started.resolve();
      }
    });
    child.on('error', (error) => (failure ??= error.message));
    child.once('close', (code, signal) => {
      failure ??= `Its process ended ${signal === null ? `with code ${code}` : `by ${signal}`}.`;
      this.#over(failure);
      started.reject(new StartError(`Worker ${name} could not start: ${failure}`));
    });
    this.#send({ kind: 'start', orders });
    return started.promise;
  }

  #started(): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'running';
    this.#hasRun = true;
  }

  #over(failure: string): void {
    this.#child = undefined;
    this.#ended.resolve();
    for (const giveUp of this.#waiting.values()) giveUp(undefined);
    if (this.#phase === 'stopped') return;
    this.#failure = failure;
    this.#phase = this.#hasRun ? 'waiting' : 'stopped';
    if (this.#phase === 'waiting') this.#restartLater();
  }

  #restartLater(): void {
    const { clock, name, report, timers } = this.#options;
    const ranMs = clock.monotonicMs() - this.#launchedMs;
    const { delayMs, failureCount } = nextRestart({ ranMs, failureCount: this.#failureCount });
    this.#failureCount = failureCount;
    report('error', `Worker ${name} is started again in ${delayMs / 1_000} s. ${this.#failure}`);
    this.#cancelRestart = timers.after(delayMs, () => {
      this.#launch().then(
        () => report('info', `Worker ${name} runs again.`),
        () => undefined, // why it did not has been reported, and it is tried again
      );
    });
  }

  /** Undefined if there is no answer in time, or nobody to ask, or who asked has gone. */
  async #ask(question: WorkerQuestion, waitMs: number, signal?: AbortSignal): Promise<unknown> {
    if (this.#phase !== 'running' || signal?.aborted === true) return undefined;
    const id = (this.#askedCount += 1);
    const { promise, resolve } = deferred<unknown>();
    this.#waiting.set(id, resolve);
    const cancel = this.#options.timers.after(waitMs, () => resolve(undefined));
    const giveUp = (): void => {
      this.#send({ kind: 'give-up', id });
      resolve(undefined);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#send({ kind: 'ask', id, question });
    const answer = await promise;
    cancel();
    signal?.removeEventListener('abort', giveUp);
    this.#waiting.delete(id);
    return answer;
  }

  /** Why there is no answer. */
  #reason(): string {
    const what = {
      running: 'Its process does not answer.',
      starting: `${this.#failure} It is being started.`,
      waiting: `${this.#failure} It is started again soon.`,
      stopped: 'It is stopped.',
    };
    return what[this.#phase].trim();
  }

  /** A process that has just ended is told nothing: that it ended is heard by itself. */
  #send(message: ToWorker): void {
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }
}
