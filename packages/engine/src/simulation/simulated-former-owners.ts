import type { Random, Timers } from '@chat-cluster/kernel';
import type { RetiredPart } from '../hand-over/former-owners.ts';
import {
  MemoryFormerOwners,
  type KeepingProcess,
  type PartFate,
} from '../hand-over/memory-former-owners.ts';

/** Parts of a shard that are remembered, to come again later. */
const REMEMBERED_MAX = 20;
const DELAYS_MAX_MS = [5, 5, 5, 300, 3_000];

/** Former owners as bad as they can be: slow, broken off half-way, and with states of earlier hand-overs. */
export class SimulatedFormerOwners extends MemoryFormerOwners {
  readonly #random: Random;
  readonly #remembered = new Map<number, RetiredPart[]>();

  constructor(options: {
    random: Random;
    timers: Timers;
    processes: (endpoint: string) => KeepingProcess | undefined;
  }) {
    super(options.timers, options.processes);
    this.#random = options.random;
    this.fateOf = (part) => this.#fateOf(part);
  }

  #fateOf(part: RetiredPart): PartFate {
    const { isLast, shard, states } = part;
    const earlier = this.#remembered.get(shard) ?? [];
    const old = earlier[this.#random.below(earlier.length + 1)];
    if (states.length > 0) this.#remembered.set(shard, [...earlier, part].slice(-REMEMBERED_MAX));
    const drawn = this.#random.below(10);
    if (drawn === 0) return { kind: 'breaks' };
    if (drawn <= 4 && old !== undefined) return { kind: 'replaced', by: { ...old, isLast } };
    const delayMaxMs = DELAYS_MAX_MS[this.#random.below(DELAYS_MAX_MS.length)] ?? 0;
    return { kind: 'comes', afterMs: this.#random.below(delayMaxMs) };
  }
}
