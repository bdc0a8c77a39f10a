import { deferred, type Cancel, type Timers } from '@chat-cluster/kernel';
import type { EngineLimits } from '../engine-limits.ts';
import type { StateDefinition } from '../entity/entity-definition.ts';
import type { Entity } from '../entity/entity.ts';
import type { RetiredPart, RetiredState } from './former-owners.ts';

/** Of the states and ids of one part: it has to fit in a message between nodes, with a state that passes this by. */
const PART_BYTES_MAX = 256 * 1024;
/** What a state takes in a message besides its bytes and its id's: lengths and numbers. */
const STATE_OVERHEAD_BYTES = 40;
/** A larger state is left out: its next owner reads it. */
const STATE_BYTES_MAX = 1024 * 1024;

/** What a worker has of a shard at the end of a tenure, when everything that it decided has committed. */
export type RetiredShard<State, Event> = {
  readonly partition: number;
  /** Of its last event. */
  readonly eventNumber: number;
  /** Those used last first. */
  readonly entities: Iterable<Entity<State, Event>>;
};

type Kept<State, Event> = {
  readonly eventNumber: number;
  readonly entities: readonly Entity<State, Event>[];
  readonly bytes: number;
  readonly expire: Cancel;
};

/**
 * The entities of shards that this worker gave up in order, kept for their next owners: bounded in bytes and seconds, given once. It is for speed alone: what is not here, or too late, is read
 * from the journal. Who gets a state judges whether it is the latest (`IncomingStates`).
 */
export class RetiredStates<State, Event> {
  readonly #definition: StateDefinition<State, Event>;
  readonly #eventTopicId: string;
  readonly #limits: Pick<EngineLimits, 'retiredBytesMax' | 'retiredMs'>;
  readonly #timers: Timers;
  readonly #kept = new Map<number, Kept<State, Event>>();
  #bytes = 0;
  #taken = deferred<void>();

  constructor(options: {
    definition: StateDefinition<State, Event>;
    eventTopicId: string;
    limits: Pick<EngineLimits, 'retiredBytesMax' | 'retiredMs'>;
    timers: Timers;
  }) {
    this.#definition = options.definition;
    this.#eventTopicId = options.eventTopicId;
    this.#limits = options.limits;
    this.#timers = options.timers;
  }

  /** As the entities were counted while they were active. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The entities are nobody else's from now on, and do not change any more. */
  keep({ partition, eventNumber, entities }: RetiredShard<State, Event>): void {
    this.#forget(partition);
    const fitting: Entity<State, Event>[] = [];
    let bytes = 0;
    for (const entity of entities) {
      if (!isWhole(entity)) continue;
      if (this.#bytes + bytes + entity.sizeBytes > this.#limits.retiredBytesMax) break;
      bytes += entity.sizeBytes;
      fitting.push(entity);
    }
    const expire = this.#timers.after(this.#limits.retiredMs, () => this.#forget(partition));
    this.#kept.set(partition, { eventNumber, entities: fitting, bytes, expire });
    this.#bytes += bytes;
  }

  /** What is kept of these shards, encoded part by part as it is asked for. A shard is forgotten after its last part was taken; all of them are when who asked has had enough. */
  *parts(shards: readonly number[]): Generator<RetiredPart> {
    const asked = new Set(shards);
    try {
      for (const shard of asked) {
        yield* this.#partsOf(shard);
        asked.delete(shard);
      }
    } finally {
      for (const shard of asked) this.#forget(shard);
    }
  }

  *#partsOf(shard: number): Generator<RetiredPart> {
    const kept = this.#kept.get(shard);
    const { eventTopicId, eventNumber } = {
      eventTopicId: this.#eventTopicId,
      eventNumber: 0,
      ...kept,
    };
    let states: RetiredState[] = [];
    let bytes = 0;
    for (const entity of kept?.entities ?? []) {
      const state = this.#encode(entity);
      if (state === undefined) continue;
      states.push(state);
      bytes += messageBytesOf(state);
      if (bytes < PART_BYTES_MAX) continue;
      yield { shard, eventTopicId, eventNumber, states, isLast: false };
      states = [];
      bytes = 0;
    }
    yield { shard, eventTopicId, eventNumber, states, isLast: true };
    if (this.#kept.get(shard) === kept) this.#forget(shard);
  }

  /** Resolves when nothing is kept any more, or time is up. */
  async untilTaken(timeoutMs: number): Promise<void> {
    if (this.#kept.size === 0) return;
    const { promise: timeUp, resolve } = deferred<void>();
    const cancel = this.#timers.after(timeoutMs, resolve);
    await Promise.race([this.#taken.promise, timeUp]);
    cancel();
  }

  clear(): void {
    for (const partition of [...this.#kept.keys()]) this.#forget(partition);
  }

  #forget(partition: number): void {
    const kept = this.#kept.get(partition);
    if (kept === undefined) return;
    kept.expire();
    this.#kept.delete(partition);
    this.#bytes -= kept.bytes;
    if (this.#kept.size > 0) return;
    this.#taken.resolve();
    this.#taken = deferred();
  }

  #encode({ id, seqNext, snapshotSeqNext, state }: Entity<State, Event>): RetiredState | undefined {
    if (state === undefined) return undefined;
    try {
      const bytes = this.#definition.encodeState(state);
      if (bytes.byteLength > STATE_BYTES_MAX) return undefined;
      return { entityId: id, seqNext, snapshotSeqNext, state: bytes };
    } catch {
      // What the entity's code throws is its next owner's affair, which builds it from its events.
      return undefined;
    }
  }
}

function messageBytesOf({ entityId, state }: RetiredState): number {
  return STATE_OVERHEAD_BYTES + Buffer.byteLength(entityId) + state.byteLength;
}

/** Whether its state is all there is of it, as for a snapshot. */
function isWhole<State, Event>(entity: Entity<State, Event>): boolean {
  return !entity.isQuarantined && !entity.mustBeRebuilt;
}
