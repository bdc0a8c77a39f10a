import { assert, sleep, type Random } from '@chat-cluster/kernel';
import type { EngineHarness } from '../engine-harness.ts';
import type { WatchedEvent } from '../routing/entity-owner.ts';
import type { SimulatedNode } from './simulated-node.ts';

const WATCH_MAX_MS = 6_000;
const PAUSE_MS = 100;
const TAKING_MAX_MS = 40;

/** Watches an entity from its first event on, at whichever node owns it: it tries one after the other. */
export class SimulatedWatcher {
  readonly entityId: string;
  readonly events: WatchedEvent[] = [];
  readonly #harness: EngineHarness;
  readonly #random: Random;
  #seqNext = 0;
  #failure: Error | undefined;

  constructor(harness: EngineHarness, random: Random, entityId: string) {
    this.#harness = harness;
    this.#random = random;
    this.entityId = entityId;
  }

  /** Until the harness's time ends. `nodes`: those that are there now. */
  async run(nodes: () => readonly SimulatedNode[]): Promise<void> {
    for (let turn = this.#random.below(3); ; turn++) {
      const running = nodes().filter(({ phase }) => phase !== 'ended');
      const node = running[turn % Math.max(1, running.length)];
      if (node !== undefined) await this.#watch(node);
      await sleep(this.#harness.timers, PAUSE_MS);
    }
  }

  /** Throws what it saw that must not be. */
  assertNoFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #watch({ worker }: SimulatedNode): Promise<void> {
    if (worker === undefined) return;
    const controller = new AbortController();
    const { entityId } = this;
    const isSlow = this.#random.below(3) === 0;
    this.#harness.timers.after(this.#random.below(WATCH_MAX_MS), () => {
      controller.abort(new Error('That is enough.'));
    });
    const take = (event: WatchedEvent): Promise<void> | undefined => {
      if (controller.signal.aborted) return undefined;
      this.#take(event);
      return isSlow ? sleep(this.#harness.timers, this.#random.below(TAKING_MAX_MS)) : undefined;
    };
    await worker
      .watch({ entityId, seqFrom: this.#seqNext }, take, controller.signal)
      .catch((error: unknown) => {
        if (!controller.signal.aborted) this.#failure ??= error as Error;
      });
  }

  #take(event: WatchedEvent): void {
    try {
      assert(
        event.seq === this.#seqNext + event.skippedCount,
        `Event ${event.seq} of ${this.entityId} came where ${this.#seqNext} and ${event.skippedCount} of the engine's own were next.`,
      );
    } catch (error) {
      this.#failure ??= error as Error;
    }
    this.#seqNext = event.seq + 1;
    this.events.push(event);
  }
}
