import { assert, deferred } from '@chat-cluster/kernel';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { RetiredPart, RetiredState } from './former-owners.ts';

/** What a state takes besides its bytes. */
const STATE_OVERHEAD_BYTES = 200;

type Incoming = RetiredState & Pick<RetiredPart, 'eventNumber' | 'eventTopicId'>;

/**
 * States of one shard on their way from its former owner to one tenure here. One is used only if it is the latest for certain: it was made of the same events of the shard, by their topic's id and the number
 * of the last one, as there are when the tenure begins; and the entity is recovered for the first time in it. No entity is recovered before all have come, or are waited for no longer.
 */
export class IncomingStates {
  readonly shard: number;
  readonly #budget: ByteBudget;
  readonly #eventTopicId: string;
  readonly #states = new Map<string, Incoming>();
  readonly #settled = deferred<void>();
  #isSettled = false;
  #hasBrought = false;
  #eventNumber: number | undefined;

  /** `budget`: of the active entities, which these are about to be. They come into its first half only: those that are active now stay. */
  constructor(options: { shard: number; eventTopicId: string; budget: ByteBudget }) {
    this.shard = options.shard;
    this.#eventTopicId = options.eventTopicId;
    this.#budget = options.budget;
  }

  /** Resolves when all have come, or are waited for no longer: what comes later is not used. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the tenure has begun, and entities may wait to be recovered. */
  get isWaitedFor(): boolean {
    return !this.#isSettled && this.#eventNumber !== undefined;
  }

  /** Whether any state came that may be used. */
  get hasBrought(): boolean {
    return this.#hasBrought;
  }

  add({ eventNumber, eventTopicId, isLast, states }: RetiredPart): void {
    if (this.#isSettled) return;
    for (const state of states) {
      // Whoever waits for what has no room waits for nothing.
      if (this.#budget.bytes >= this.#budget.bytesMax / 2) return this.settle();
      if (this.#states.has(state.entityId)) continue;
      this.#states.set(state.entityId, { ...state, eventNumber, eventTopicId });
      this.#budget.take(sizeBytesOf(state));
      this.#hasBrought = true;
    }
    if (isLast) this.settle();
  }

  /** No more are waited for. */
  settle(): void {
    this.#isSettled = true;
    this.#settled.resolve();
  }

  /** The tenure begins after this event of the shard. */
  begin(eventNumber: number): void {
    assert(this.#eventNumber === undefined, 'States come for one tenure.');
    this.#eventNumber = eventNumber;
  }

  /** The entity's latest state, if it is here; once. To be asked before anything else is done about the entity in this tenure. */
  take(entityId: string): RetiredState | undefined {
    assert(this.#isSettled, 'No entity is recovered before the states have come.');
    const state = this.#states.get(entityId);
    if (state === undefined) return undefined;
    this.#states.delete(entityId);
    this.#budget.take(-sizeBytesOf(state));
    return this.#isLatest(state) ? state : undefined;
  }

  /** Gives all memory back. */
  drop(): void {
    this.settle();
    for (const state of this.#states.values()) this.#budget.take(-sizeBytesOf(state));
    this.#states.clear();
  }

  #isLatest({ eventNumber, eventTopicId }: Incoming): boolean {
    return eventNumber === this.#eventNumber && eventTopicId === this.#eventTopicId;
  }
}

function sizeBytesOf({ entityId, state }: RetiredState): number {
  return STATE_OVERHEAD_BYTES + 2 * entityId.length + state.byteLength;
}
