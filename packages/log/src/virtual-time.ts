import { setImmediate as nextTurn } from 'node:timers/promises';
import { assert, ManualTimers } from '@chat-cluster/kernel';

/**
 * Runs what waits for manual timers, as fast as it can; for tests. Before time moves on, all promises that can settle do: a turn of the event loop
 * is taken for that. The same code runs the same way each time.
 */
export class VirtualTime {
  readonly timers = new ManualTimers();

  get nowMs(): number {
    return this.timers.clock.monotonicMs();
  }

  /** Resolves as the promise does, when as much time has passed as it takes. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until(() => isSettled);
    return promise;
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await nextTurn();
    for (;;) {
      const dueInMs = this.timers.nextDueInMs();
      if (dueInMs === undefined || this.nowMs + dueInMs > endMs) break;
      this.timers.advance(dueInMs);
      await nextTurn();
    }
    this.timers.advance(endMs - this.nowMs);
    await nextTurn();
  }

  async until(isSo: () => boolean): Promise<void> {
    const endMs = this.nowMs + WAIT_MAX_MS;
    await nextTurn();
    while (!isSo()) {
      const dueInMs = this.timers.nextDueInMs();
      assert(dueInMs !== undefined, 'Nothing is left that could make it so.');
      assert(this.nowMs + dueInMs <= endMs, 'It becomes so within an hour.');
      this.timers.advance(dueInMs);
      await nextTurn();
    }
  }
}

const WAIT_MAX_MS = 3_600_000;
