import type { Fetcher } from '@chat-cluster/log';
import type { EngineLimits } from '../engine-limits.ts';
import type { InputQueue } from './input-queue.ts';

/** However many inputs share the bound, one may hold this much: a fetch of less is not worth its request. */
const QUEUE_BYTES_MIN = 64 * 1024;

/** Keeps fetched and undecided records within their bound: a queue that holds its share is paused, and resumed when half of it is decided. */
export class Intake {
  readonly #fetcher: Fetcher;
  readonly #queueBytesMax: number;
  readonly #paused = new Set<InputQueue>();

  constructor(fetcher: Fetcher, limits: EngineLimits, inputCount: number) {
    this.#fetcher = fetcher;
    this.#queueBytesMax = Math.max(
      QUEUE_BYTES_MIN,
      limits.intakeBytesMax / Math.max(1, inputCount),
    );
  }

  /** Starts fetching where each queue stands. */
  add(queues: readonly InputQueue[]): void {
    for (const queue of queues) this.#fetcher.add(queue.from, queue.decidedNext);
  }

  /** Idempotent. */
  remove(queues: readonly InputQueue[]): void {
    for (const queue of queues) {
      this.#fetcher.remove(queue.from);
      this.#paused.delete(queue);
    }
  }

  /** Call it when records came or were decided. */
  balance(queues: readonly InputQueue[]): void {
    for (const queue of queues) {
      if (this.#paused.has(queue)) {
        if (queue.bytes > this.#queueBytesMax / 2) continue;
        this.#paused.delete(queue);
        this.#fetcher.resume(queue.from);
      } else if (queue.bytes > this.#queueBytesMax) {
        this.#paused.add(queue);
        this.#fetcher.pause(queue.from);
      }
    }
  }
}
