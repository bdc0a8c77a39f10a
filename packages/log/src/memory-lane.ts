import type { Timers } from '@chat-cluster/kernel';

type Delivery = { readonly run: () => void; isDue: boolean };

/** One direction of a connection: what is put in comes out in the same order, each thing delayed by its own time at least. */
export class MemoryLane {
  readonly #timers: Timers;
  /** In the order they were put in. As many as there are requests under way: a client's own bounds are the bound. */
  readonly #deliveries: Delivery[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** @param delayMs 0 for the next microtask */
  deliver(delayMs: number, run: () => void): void {
    const delivery: Delivery = { run, isDue: false };
    this.#deliveries.push(delivery);
    const arrive = (): void => {
      delivery.isDue = true;
      this.#drain();
    };
    if (delayMs === 0) void Promise.resolve().then(arrive);
    else this.#timers.after(delayMs, arrive);
  }

  #drain(): void {
    while (this.#deliveries[0]?.isDue) this.#deliveries.shift()!.run();
  }
}
