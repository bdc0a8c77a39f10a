import type { JournalPosition } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';
import { tailEventSizeBytes, type TailEvent } from '../output/event-record.ts';
import type { ByteBudget } from './byte-budget.ts';
import { Deque } from './deque.ts';

/**
 * The events of a shard that are not in the journal, in order: first those that were handed to the journal, then the other committed ones (both together are the backlog),
 * then those that are only decided.
 *
 *     journaled | handed over … | committed … | decided …
 *               ^ #events[0]    ^ #handedOver ^ #committed
 *
 * Invariant: event numbers run without gaps; an event leaves only when its row is acknowledged (promise 3).
 */
export class ShardTail {
  readonly #events = new Deque<TailEvent>();
  readonly #byEntity = new Map<string, Deque<TailEvent>>();
  readonly #budget: ByteBudget;
  #handedOver = 0;
  #committed = 0;
  #position: JournalPosition;

  /** `position`: where the journal is when the tenure begins. */
  constructor(options: { position: JournalPosition; budget: ByteBudget }) {
    this.#position = options.position;
    this.#budget = options.budget;
  }

  /** Where the journal is: everything before it is acknowledged. */
  get position(): JournalPosition {
    return this.#position;
  }

  /** Committed and not in the journal. */
  get backlogCount(): number {
    return this.#committed;
  }

  get eventNumberLast(): number {
    return this.#position.eventNumber + this.#events.length;
  }

  /** All events up to this number are committed. */
  get eventNumberCommitted(): number {
    return this.#position.eventNumber + this.#committed;
  }

  /** An event that was just decided. */
  append(event: TailEvent): void {
    assert(
      event.eventNumber === this.eventNumberLast + 1,
      `Events of a shard are numbered without gaps: ${event.eventNumber} follows ${this.eventNumberLast}.`,
    );
    this.#events.push(event);
    this.#budget.take(tailEventSizeBytes(event));
    let own = this.#byEntity.get(event.entityId);
    if (own === undefined) this.#byEntity.set(event.entityId, (own = new Deque()));
    own.push(event);
  }

  /** An event of a predecessor, read from the event topic while taking over. */
  appendCommitted(event: TailEvent): void {
    assert(this.#committed === this.#events.length, 'Nothing is decided while taking over.');
    this.append(event);
    this.#committed += 1;
  }

  /** The next `events` were committed; their offsets are set. */
  markCommitted(events: readonly TailEvent[]): void {
    for (const event of events) {
      assert(
        this.#events.at(this.#committed) === event && event.offset >= 0,
        'Events are committed in the order in which they were decided.',
      );
      this.#committed += 1;
    }
  }

  /** Committed events that the journal has not been given. */
  get countForJournal(): number {
    return this.#committed - this.#handedOver;
  }

  /** The next committed events that the journal has not been given, within the bounds (at least one if there is any). */
  handOver(bounds: { countMax: number; bytesMax: number }): TailEvent[] {
    const taken: TailEvent[] = [];
    let bytes = 0;
    while (this.#handedOver < this.#committed && taken.length < bounds.countMax) {
      const event = this.#events.at(this.#handedOver);
      assert(event !== undefined, 'A committed event lies in the tail.');
      bytes += event.event.byteLength;
      if (taken.length > 0 && bytes > bounds.bytesMax) break;
      taken.push(event);
      this.#handedOver += 1;
    }
    return taken;
  }

  /** The first `count` events are rows now. */
  acknowledge(count: number): void {
    assert(count <= this.#handedOver, 'Only what was handed over can be acknowledged.');
    for (let index = 0; index < count; index++) {
      const event = this.#events.shift();
      assert(event !== undefined, 'An acknowledged event lies in the tail.');
      this.#forget(event);
      this.#position = { offset: event.offset + 1, eventNumber: event.eventNumber };
    }
    this.#handedOver -= count;
    this.#committed -= count;
  }

  /** The events of an entity that are not known to be in the journal, in order: to be read before the journal is. */
  eventsOf(entityId: string): TailEvent[] {
    return [...(this.#byEntity.get(entityId) ?? [])];
  }

  /** Whether something was decided about the entity that is not committed: what is in memory of it may never have happened. */
  hasUncommitted(entityId: string): boolean {
    const last = this.#lastOf(entityId);
    return last !== undefined && last.offset < 0;
  }

  /** Number of the last event of the entity that may not be in the journal; 0 when all are. When it is committed, everything that was decided of the entity until now is. */
  eventNumberLastOf(entityId: string): number {
    return this.#lastOf(entityId)?.eventNumber ?? 0;
  }

  /** Gives all memory back: the tenure is over. */
  clear(): void {
    for (const event of this.#events) this.#budget.take(-tailEventSizeBytes(event));
    this.#events.clear();
    this.#byEntity.clear();
    this.#handedOver = 0;
    this.#committed = 0;
  }

  #lastOf(entityId: string): TailEvent | undefined {
    const own = this.#byEntity.get(entityId);
    return own?.at(own.length - 1);
  }

  #forget(event: TailEvent): void {
    this.#budget.take(-tailEventSizeBytes(event));
    const own = this.#byEntity.get(event.entityId);
    const first = own?.shift();
    assert(first === event, "An entity's events leave the tail in order.");
    if (own?.length === 0) this.#byEntity.delete(event.entityId);
  }
}
