import { assert } from '@chat-cluster/kernel';
import {
  decodeEngineEvent,
  isEngineEvent,
  parkedSizeBytes,
  type ParkedRecord,
} from './engine-event.ts';
import type { StateDefinition } from './entity-definition.ts';

/** What an entity holds besides its state: objects, id, its place in a map. */
const ENTITY_OVERHEAD_BYTES = 400;

/**
 * An active entity: the state after all its *decided* events. What is decided and not committed is seen by nobody outside;
 * if it is dropped, the whole entity is (with its shard).
 */
export class Entity<State, Event> {
  readonly id: string;
  readonly keyBytes: Uint8Array;
  /** Undefined when the entity's code threw while it was built: then every record is parked. */
  state: State | undefined;
  /** Why the state is unreadable. */
  stateError: string | undefined;
  /** The seq of the next event: events 0 … seqNext - 1 are in the state. */
  seqNext = 0;
  /** The seq after the last snapshot that was written or found. */
  snapshotSeqNext = 0;
  /** Records that wait for an operator, oldest first; while there is one, all further ones are parked too. */
  readonly parked: ParkedRecord[] = [];
  /** What was thrown on the first of them. */
  parkedReason: string | undefined;
  parkedBytes = 0;
  /** Its code threw while it changed the state, which may be half-changed: it is built anew from its events before it sees another record. */
  mustBeRebuilt = false;
  /** Reads of its history that a decision waits for: meanwhile it stays as it is, and where it is. */
  readsUnderWay = 0;
  lastActiveMs: number;
  /** As it is counted against the cap. */
  sizeBytes = ENTITY_OVERHEAD_BYTES;

  constructor(options: { id: string; nowMs: number }) {
    this.id = options.id;
    this.keyBytes = Buffer.from(options.id);
    this.lastActiveMs = options.nowMs;
  }

  get isQuarantined(): boolean {
    return this.parked.length > 0 || this.state === undefined;
  }

  /** The state that building begins with. What the entity's code throws makes the state unreadable. */
  begin(definition: StateDefinition<State, Event>, snapshot: Uint8Array | undefined): void {
    try {
      const state =
        snapshot === undefined
          ? definition.initialState(this.id)
          : definition.decodeState(snapshot);
      this.state = given(state, snapshot === undefined ? 'initialState' : 'decodeState');
    } catch (error) {
      this.spoil(error);
    }
  }

  /** Takes the next event, an engine's or its own. What the entity's code throws makes the state unreadable and is not thrown on. */
  apply(definition: StateDefinition<State, Event>, bytes: Uint8Array): void {
    this.seqNext += 1;
    if (isEngineEvent(bytes)) {
      this.applyEngineEvent(bytes);
      return;
    }
    if (this.state === undefined) return;
    try {
      this.evolve(definition, definition.decodeEvent(bytes));
    } catch (error) {
      this.spoil(error);
    }
  }

  /** Changes the state by an event of its own. Throws what the entity's code throws. */
  evolve(definition: StateDefinition<State, Event>, event: Event): void {
    assert(this.state !== undefined, 'Only a state that can be read evolves.');
    this.state = given(definition.evolve(this.state, event), 'evolve');
  }

  applyEngineEvent(bytes: Uint8Array): void {
    const event = decodeEngineEvent(bytes);
    if (event.$ === 'parked') {
      if (this.parked.length === 0) this.parkedReason = event.reason;
      this.parked.push(event.record);
      this.parkedBytes += parkedSizeBytes(event.record);
    } else {
      const done = this.parked.shift();
      if (done !== undefined) this.parkedBytes -= parkedSizeBytes(done);
    }
  }

  spoil(error: unknown): void {
    this.state = undefined;
    this.stateError = error instanceof Error ? error.message : String(error);
  }

  /** Measures the state anew; returns by how many bytes it grew. Throws what the entity's code throws. */
  measure(definition: StateDefinition<State, Event>): number {
    const before = this.sizeBytes;
    const stateBytes = this.state === undefined ? 0 : definition.stateSizeBytes(this.state);
    if (!(stateBytes >= 0 && stateBytes < Infinity)) {
      throw new Error('stateSizeBytes gave no size back.');
    }
    this.sizeBytes = ENTITY_OVERHEAD_BYTES + 2 * this.id.length + stateBytes + this.parkedBytes;
    return this.sizeBytes - before;
  }
}

function given<T>(value: T | undefined, by: string): T {
  if (value === undefined) throw new Error(`${by} gave no state back.`);
  return value;
}
