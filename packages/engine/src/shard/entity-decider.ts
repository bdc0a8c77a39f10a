import { assert } from '@chat-cluster/kernel';
import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { ActiveEntities } from '../entity/active-entities.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { Decision } from '../entity/entity-definition.ts';
import type { Entity } from '../entity/entity.ts';
import type { InputQueue } from '../intake/input-queue.ts';
import { readRecord } from '../intake/read-record.ts';
import { originalTimeMs } from '../output/forward.ts';
import type { ControlCommand } from './control-record.ts';
import type { Decisions } from './decisions.ts';
import { Quarantine, type Release } from './quarantine.ts';
import { resolveHistory, type AskedHistory, type Threw } from './resolve-history.ts';
import type { ShardContext } from './shard-context.ts';

type DeciderOptions<State, Command, Event> = {
  readonly context: ShardContext<State, Command, Event>;
  readonly decisions: Decisions<State, Command, Event>;
  readonly tail: ShardTail;
  readonly entities: ActiveEntities<State, Event>;
  readonly lasts: () => boolean;
  readonly onFailed: (error: Error) => void;
};

/** What became of one record. `threw`: the entity's code did; nothing was added. */
export type Tried =
  | { readonly kind: 'added' }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string }
  | { readonly kind: 'needs-history' }
  | { readonly kind: 'threw'; readonly reason: string };

const OTHER_ENTITY =
  'It was parked for another entity than the one it now names. Send it to that one as a new record.';
const TOO_LARGE = {
  kind: 'refused',
  code: 'too-large',
  reason: 'What this record leads to is larger than a transaction can carry. Send less at a time.',
} as const;

const EVENTS_AFTER_HISTORY = {
  kind: 'threw',
  reason: 'A decision that has read history has no events.',
} as const;

/** Runs an entity's code on records. Whatever that code throws stays with that entity: it is quarantined, and the partition goes on. */
export class EntityDecider<State, Command, Event> {
  readonly #options: DeciderOptions<State, Command, Event>;
  readonly #quarantine: Quarantine<State, Command, Event>;
  readonly #outputTopics: ReadonlySet<string>;

  constructor(options: DeciderOptions<State, Command, Event>) {
    this.#options = options;
    this.#outputTopics = new Set(options.context.definition.outputTopics);
    this.#quarantine = new Quarantine({
      ...options,
      tryRecord: (entity, record, from, release) => this.#tryParked(entity, record, from, release),
    });
  }

  /** False when the record has to wait. */
  decide(
    entity: Entity<State, Event>,
    queue: InputQueue,
    record: FetchedRecord,
    command: Command,
  ): boolean {
    if (entity.isQuarantined) {
      this.#quarantine.park(entity, record, queue.from, entity.stateError);
      return true;
    }
    const decision = this.#run(entity, record, command);
    if (decision.kind === 'history') {
      queue.waitsFor = 'history';
      this.#withHistory(entity, queue, record, decision).catch((error: unknown) => {
        this.#options.onFailed(error instanceof Error ? error : new Error(String(error)));
      });
      return false;
    }
    this.#settle(entity, queue, record, this.#add(entity, record, queue.from, decision));
    return true;
  }

  control(entity: Entity<State, Event>, command: ControlCommand): boolean {
    this.#quarantine.control(entity, command);
    return true;
  }

  /** The decision, where what the code throws is one too. */
  #run(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    command: Command,
  ): Decision<Event> | Threw {
    const { state } = entity;
    assert(state !== undefined, 'Only an entity with a state decides.');
    try {
      return this.#options.context.definition.decide(state, command, {
        entityId: entity.id,
        timestampMs: originalTimeMs(record),
        seqNext: entity.seqNext,
      });
    } catch (error) {
      return threw(error);
    }
  }

  /** Adds a decision. All of the entity's code runs before anything is added: what it throws changes nothing but the state in memory. */
  #add(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    decision: Made<Event> | Threw,
    release?: Release,
  ): Tried {
    if (decision.kind !== 'decided') return decision;
    const encoded = this.#encode(decision, release);
    if (!Array.isArray(encoded)) return encoded;
    const { context, decisions, entities } = this.#options;
    const prepared = decisions.prepare(entity, record, from, {
      events: encoded,
      outputs: decision.outputs,
      writes: release?.writes ?? [],
      reply: decision.reply,
      counted: decision.counted,
    });
    if (prepared === undefined) return TOO_LARGE;
    const evolved = this.#evolve(entity, decision.events, encoded.length);
    if (evolved.kind === 'threw') return evolved;
    decisions.add(prepared);
    entity.seqNext += encoded.length;
    if (release !== undefined) {
      entities.applyEngineEvent(entity, release.event);
      evolved.grownBytes += entity.measure(context.definition);
    }
    entities.touch(entity, context.clock.monotonicMs(), evolved.grownBytes);
    if (evolved.snapshot !== undefined) {
      decisions.snapshot({ entityId: entity.id, seq: entity.seqNext - 1, state: evolved.snapshot });
      entity.snapshotSeqNext = entity.seqNext;
    }
    return { kind: 'added' };
  }

  #encode(
    { events, outputs }: Extract<Decision<Event>, { kind: 'decided' }>,
    release: Release | undefined,
  ): Uint8Array[] | Threw {
    const { definition } = this.#options.context;
    const foreign = outputs.find(({ topic }) => !this.#outputTopics.has(topic));
    if (foreign !== undefined) {
      return threw(new Error(`${foreign.topic} is not among the entity's output topics.`));
    }
    try {
      const encoded = events.map((event) => ownEvent(definition.encodeEvent(event)));
      if (release !== undefined) encoded.push(release.event);
      return encoded;
    } catch (error) {
      return threw(error);
    }
  }

  /** Changes the state by the events, measures it, and makes a snapshot if one is due. */
  #evolve(
    entity: Entity<State, Event>,
    events: readonly Event[],
    eventCount: number,
  ): { kind: 'evolved'; grownBytes: number; snapshot: Uint8Array | undefined } | Threw {
    const { definition } = this.#options.context;
    const eventsSince = entity.seqNext + eventCount - entity.snapshotSeqNext;
    const isDue = this.#isSnapshotDue(eventsSince) && !entity.isQuarantined;
    try {
      for (const event of events) entity.evolve(definition, event);
      const { state } = entity;
      const snapshot = isDue && state !== undefined ? definition.encodeState(state) : undefined;
      return { kind: 'evolved', grownBytes: entity.measure(definition), snapshot };
    } catch (error) {
      entity.spoil(error);
      entity.mustBeRebuilt = true;
      return threw(error);
    }
  }

  #isSnapshotDue(eventsSince: number): boolean {
    const { isBehind, limits } = this.#options.context;
    if (eventsSince >= limits.snapshotEveryEvents) return true;
    return eventsSince >= limits.snapshotEveryEventsAtEase && !isBehind();
  }

  #settle(
    entity: Entity<State, Event>,
    queue: InputQueue,
    record: FetchedRecord,
    tried: Tried,
  ): void {
    if (tried.kind === 'refused') this.#options.decisions.refuse(record, queue.from, tried);
    if (tried.kind === 'threw') this.#quarantine.park(entity, record, queue.from, tried.reason);
  }

  /** Reads the history that a decision asked for, then decides. The record stays first of its input meanwhile; other inputs go on. */
  async #withHistory(
    entity: Entity<State, Event>,
    queue: InputQueue,
    record: FetchedRecord,
    asked: AskedHistory<Event, Made<Event>>,
  ): Promise<void> {
    const { context, lasts, tail } = this.#options;
    const { definition, journal, onWork, timers } = context;
    entity.readsUnderWay += 1;
    const decision = await resolveHistory(
      { definition, journal, tail, timers, lasts },
      entity,
      asked,
    );
    entity.readsUnderWay -= 1;
    if (decision === undefined || !lasts()) return;
    const hasEvents = decision.kind === 'decided' && decision.events.length > 0;
    const tried = hasEvents
      ? EVENTS_AFTER_HISTORY
      : this.#add(entity, record, queue.from, decision);
    this.#settle(entity, queue, record, tried);
    queue.advance();
    context.counters.recordsDecided += 1;
    queue.waitsFor = undefined;
    onWork();
  }

  /** A parked record's turn. */
  #tryParked(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    release: Release,
  ): Tried {
    const reader = this.#options.context.definition.inputs[from.topic];
    if (reader === undefined) {
      return { kind: 'refused', code: 'unknown-topic', reason: `Nothing reads ${from.topic} now.` };
    }
    const read = readRecord(reader, record);
    if (!read.ok) return { kind: 'refused', code: read.code, reason: read.reason };
    if (read.entityId !== entity.id) {
      return { kind: 'refused', code: 'other-entity', reason: OTHER_ENTITY };
    }
    const decision = this.#run(entity, record, read.command);
    if (decision.kind === 'history') return { kind: 'needs-history' };
    return this.#add(entity, record, from, decision, release);
  }
}

/** A decision that waits for nothing more. */
type Made<Event> = Exclude<Decision<Event>, { kind: 'history' }>;

function threw(error: unknown): Threw {
  return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) };
}

/** The engine's own events begin like no other: an entity's must not. */
function ownEvent(bytes: Uint8Array): Uint8Array {
  if (isEngineEvent(bytes)) throw new Error('An event of an entity must not start with {"$.');
  return bytes;
}
