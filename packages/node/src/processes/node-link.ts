import { assert, deferred } from '@chat-cluster/kernel';
import type { LocalWorker } from '../start-worker.ts';
import type { FromWorker, ToWorker, WorkerOrders, WorkerQuestion } from './worker-messages.ts';

/** The end of a worker's process that its node talks to: `process`, where the process was started by one. */
export type ProcessChannel = {
  readonly connected: boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  send?(message: FromWorker): unknown;
};

/** What a worker's process and its node say to each other, seen from the process. */
export class NodeLink {
  readonly #channel: ProcessChannel;
  readonly #orders = deferred<WorkerOrders>();
  /** Of the questions under way, by their numbers. */
  readonly #asked = new Map<number, AbortController>();
  #worker: LocalWorker | undefined;

  /**
   * `onStop`: the node asks the worker to end in order. `onGone`: the node is gone, however it went; nobody would ever stop this process, so it ends at once. What it had not committed, the next
   * owner of its shards does not see.
   */
  constructor(
    channel: ProcessChannel,
    { onStop, onGone }: { readonly onStop: () => void; readonly onGone: () => void },
  ) {
    this.#channel = channel;
    channel.on('message', (message) => {
      const told = message as ToWorker;
      if (told.kind === 'start') this.#orders.resolve(told.orders);
      else if (told.kind === 'stop') onStop();
      else if (told.kind === 'give-up') this.#asked.get(told.id)?.abort();
      else void this.#answer(told.id, told.question);
    });
    channel.on('disconnect', onGone);
    // It may have gone before anybody listened.
    if (!channel.connected) onGone();
  }

  /** Resolves with what the node wants of this process. */
  orders(): Promise<WorkerOrders> {
    return this.#orders.promise;
  }

  /** From now on it answers questions. */
  started(worker: LocalWorker): void {
    assert(this.#worker === undefined, 'A process has one worker.');
    this.#worker = worker;
    const { owner } = worker;
    owner.onMap((map) => this.#send({ kind: 'map', map }));
    const map = owner.map();
    if (map !== undefined) this.#send({ kind: 'map', map });
    this.#send({ kind: 'started' });
  }

  failed(sentence: string): void {
    this.#send({ kind: 'failed', sentence });
  }

  async #answer(id: number, question: WorkerQuestion): Promise<void> {
    // Asked only once it has started.
    if (this.#worker === undefined) return;
    const asked = new AbortController();
    this.#asked.set(id, asked);
    const answer =
      question.kind === 'look'
        ? await this.#worker.look()
        : await this.#worker.explain(question.question, question.deadlineMs, asked.signal);
    this.#asked.delete(id);
    this.#send({ kind: 'answer', id, answer });
  }

  #send(message: FromWorker): void {
    if (this.#channel.connected) this.#channel.send?.(message);
  }
}
