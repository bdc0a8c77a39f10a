import type { ByteBudget } from '../backlog/byte-budget.ts';
import type { Entity } from './entity.ts';

/** An entity is moved to the young end at most this often: reordering at every record would cost more than the order is worth. */
const TOUCH_INTERVAL_MS = 1_000;
/** Entities looked at in one sweep: those with uncommitted decisions are stepped over. */
const SWEEP_COUNT_MAX = 1_000;

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

  values(): Iterable<Entity<State, Event>> {
    return this.#byId.values();
  }

  add(entity: Entity<State, Event>): void {
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

  /** Those that may be passivated, oldest first: idle for long, or while the budget is exceeded. `passivate` must remove each. */
  sweep(
    options: { nowMs: number; idleMs: number },
    passivate: (entity: Entity<State, Event>) => void,
  ): void {
    let looked = 0;
    for (const entity of this.#byId.values()) {
      const idle = options.nowMs - entity.lastActiveMs >= options.idleMs;
      if ((!idle && !this.#budget.isFull) || ++looked > SWEEP_COUNT_MAX) return;
      if (entity.uncommittedCount === 0) passivate(entity);
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
