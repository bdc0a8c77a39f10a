import { assert } from '@chat-cluster/kernel';
import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { Entity } from './entity.ts';

/** An entity is moved to the young end at most this often: reordering at every record would cost more than the order is worth. */
const TOUCH_INTERVAL_MS = 1_000;
/** Idle entities looked at in one sweep: it must not hold up the thread. Where there is no room, all that it takes. */
const SWEEP_IDLE_MAX = 1_000;

/** The active entities of a shard, least recently used first. Their bytes count against the worker's budget. */
export class ActiveEntities<State, Event> {
  readonly #byId = new Map<string, Entity<State, Event>>();
  readonly #budget: ByteBudget;
  #parkedCount = 0;
  #parkedBytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#byId.size;
  }

  /** Records that wait for an operator in active entities. */
  get parkedCount(): number {
    return this.#parkedCount;
  }

  get parkedBytes(): number {
    return this.#parkedBytes;
  }

  /** Applies an event of the engine's own to an active entity, and counts what is parked then. */
  applyEngineEvent(entity: Entity<State, Event>, bytes: Uint8Array): void {
    this.#countParked(entity, -1);
    entity.applyEngineEvent(bytes);
    this.#countParked(entity, 1);
  }

  get(entityId: string): Entity<State, Event> | undefined {
    return this.#byId.get(entityId);
  }

  add(entity: Entity<State, Event>): void {
    assert(!this.#byId.has(entity.id), 'An entity is active once.');
    this.#byId.set(entity.id, entity);
    this.#budget.take(entity.sizeBytes);
    this.#countParked(entity, 1);
  }

  remove(entity: Entity<State, Event>): void {
    if (!this.#byId.delete(entity.id)) return;
    this.#budget.take(-entity.sizeBytes);
    this.#countParked(entity, -1);
  }

  /** A record came for it; `grownBytes` is what measure() said. */
  touch(entity: Entity<State, Event>, nowMs: number, grownBytes: number): void {
    this.#budget.take(grownBytes);
    if (nowMs - entity.lastActiveMs < TOUCH_INTERVAL_MS) return;
    entity.lastActiveMs = nowMs;
    this.#byId.delete(entity.id);
    this.#byId.set(entity.id, entity);
  }

  /** Those used last first. */
  youngestFirst(): Entity<State, Event>[] {
    return [...this.#byId.values()].reverse();
  }

  /** Passivates, oldest first, those that are idle for long, and as many as the budget asks for. Those that may not be are stepped over. */
  sweep(options: {
    readonly nowMs: number;
    readonly idleMs: number;
    readonly mayPassivate: (entity: Entity<State, Event>) => boolean;
    readonly passivate: (entity: Entity<State, Event>) => void;
  }): void {
    let looked = 0;
    for (const entity of this.#byId.values()) {
      const isIdle = options.nowMs - entity.lastActiveMs >= options.idleMs;
      if (!this.#budget.isFull && (!isIdle || ++looked > SWEEP_IDLE_MAX)) return;
      if (!options.mayPassivate(entity)) continue;
      options.passivate(entity);
      this.remove(entity);
    }
  }

  clear(): void {
    for (const entity of this.#byId.values()) this.#budget.take(-entity.sizeBytes);
    this.#byId.clear();
    this.#parkedCount = 0;
    this.#parkedBytes = 0;
  }

  #countParked({ parked, parkedBytes }: Entity<State, Event>, sign: 1 | -1): void {
    this.#parkedCount += sign * parked.length;
    this.#parkedBytes += sign * parkedBytes;
  }
}
