import type { Cancel, Timers } from '@chat-cluster/kernel';

/** Why a deadline's signal is aborted when its time is up. */
class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

/** A signal that is aborted when time is up, or by the caller's signal with its reason. `clear` it in the end. */
export class Deadline {
  readonly #ending = new AbortController();
  readonly #cancel: Cancel | undefined;
  readonly #outer: AbortSignal | undefined;

  /** @param timeoutMs undefined: time is never up */
  constructor(timers: Timers, timeoutMs: number | undefined, outer?: AbortSignal) {
    if (timeoutMs !== undefined) {
      this.#cancel = timers.after(timeoutMs, () => this.end(new DeadlinePassed()));
    }
    this.#outer = outer;
    outer?.addEventListener('abort', this.#onOuter);
    if (outer?.aborted) this.#onOuter();
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Time is up: not the caller's signal. */
  get hasPassed(): boolean {
    return this.signal.reason instanceof DeadlinePassed;
  }

  /** Aborts the signal with this reason. */
  end(reason: unknown): void {
    this.#ending.abort(reason);
  }

  clear(): void {
    this.#cancel?.();
    this.#outer?.removeEventListener('abort', this.#onOuter);
  }

  readonly #onOuter = (): void => this.end(this.#outer?.reason);
}

/** As the promise does, unless the signal is aborted first: then it rejects with its reason. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Nobody else looks at it when the signal is aborted already.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves after the time; rejects with the signal's reason when that is aborted first. */
export async function waitFor(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const cancel = timers.after(delayMs, over.resolve);
  try {
    await untilAborted(over.promise, signal);
  } finally {
    cancel();
  }
}
