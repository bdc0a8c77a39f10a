import type { Random } from '@chat-cluster/kernel';
import type { MemoryCall, MemoryFault, MemoryNetworkOptions } from '@chat-cluster/log';

/** The client that tests and checks; nothing happens to it. */
const OUTSIDE = 'outside';

/** A network whose delays and losses are drawn at random, as bad as it is told to be. */
export class SimulatedNetwork {
  /** Of so many requests one meets a fault; 0 for none. */
  faultOneIn = 0;
  /** Clients whose every hop takes up to so long, in milliseconds. */
  readonly slowMs = new Map<string, number>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get options(): Omit<MemoryNetworkOptions, 'timers'> {
    return {
      hopDelayMs: (call) => this.#hopDelayMs(call),
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      faults: { decide: (call) => this.#fault(call) },
    };
  }

  heal(): void {
    this.faultOneIn = 0;
    this.slowMs.clear();
  }

  #hopDelayMs({ client }: MemoryCall): number {
    if (client === OUTSIDE) return 0;
    const slowMs = this.slowMs.get(client);
    return this.#random.below(slowMs ?? HOP_DELAY_MS);
  }

  #fault({ client }: MemoryCall): MemoryFault {
    if (client === OUTSIDE || this.faultOneIn === 0) return { kind: 'pass' };
    if (this.#random.below(this.faultOneIn) > 0) return { kind: 'pass' };
    const kind = (['drop-request', 'drop-answer', 'delay'] as const)[this.#random.below(3)];
    if (kind === undefined || kind === 'delay') {
      return { kind: 'delay', delayMs: this.#random.below(2 * REQUEST_TIMEOUT_MS) };
    }
    return { kind, noticedAfterMs: this.#random.below(REQUEST_TIMEOUT_MS) };
  }
}

const REQUEST_TIMEOUT_MS = 1_000;
const HOP_DELAY_MS = 4;
