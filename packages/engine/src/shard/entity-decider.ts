import { JournalError } from '@chat-cluster/journal';
import { assert, sleep } from '@chat-cluster/kernel';
import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { ActiveEntities } from '../entity/active-entities.ts';
import { isEngineEvent } from '../entity/engine-event.ts';
import type { Decision } from '../entity/entity-definition.ts';
import type { Entity } from '../entity/entity.ts';
import type { InputQueue } from '../intake/input-queue.ts';
import { readRecord } from '../intake/read-record.ts';
import { originalTimeMs } from '../output/forward.ts';
import { readHistory } from '../recovery/read-history.ts';
import { HistoryGapError } from '../recovery/recover-entities.ts';
import type { ControlCommand } from './control-record.ts';
import type { Decisions } from './decisions.ts';
import { Quarantine, type Release } from './quarantine.ts';
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

const HISTORY_RETRY_MS = 200;
const OTHER_ENTITY =
  'It was parked for another entity than the one it now names. Send it to that one as a new record.';
const TOO_LARGE = {
  kind: 'refused',
  code: 'too-large',
  reason: 'What this record leads to is larger than a transaction can carry. Send less at a time.',
} as const;

/** Runs an entity's code on records. Whatever that code throws stays with that entity: it is quarantined, and the partition goes on. */
export class EntityDecider<State, Command, Event> {
  readonly #options: DeciderOptions<State, Command, Event>;
  readonly #quarantine: Quarantine<State, Command, Event>;

  constructor(options: DeciderOptions<State, Command, Event>) {
    this.#options = options;
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
      void this.#withHistory(entity, queue, record, decision);
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
  ): Decision<Event> | { readonly kind: 'threw'; readonly reason: string } {
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

  #add(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    decision: Exclude<Decision<Event>, { kind: 'history' }> | { kind: 'threw'; reason: string },
    release?: Release,
  ): Tried {
    if (decision.kind !== 'decided') return decision;
    const { context, decisions, entities } = this.#options;
    const { definition, limits, clock } = context;
    let encoded: Uint8Array[];
    try {
      encoded = decision.events.map((event) => ownEvent(definition.encodeEvent(event)));
    } catch (error) {
      return threw(error);
    }
    if (release !== undefined) encoded.push(release.event);
    const prepared = decisions.prepare(entity, record, from, {
      events: encoded,
      outputs: decision.outputs,
      writes: release?.writes ?? [],
      reply: decision.reply,
      counted: decision.counted,
    });
    if (prepared === undefined) return TOO_LARGE;
    try {
      for (const event of decision.events) {
        assert(entity.state !== undefined, 'A state evolves into a state.');
        entity.state = definition.evolve(entity.state, event);
      }
    } catch (error) {
      entity.spoil(error);
      return threw(error);
    }
    decisions.add(entity, prepared);
    entity.seqNext += encoded.length;
    if (release !== undefined) entities.applyEngineEvent(entity, release.event);
    entities.touch(entity, clock.monotonicMs(), entity.measure(definition));
    const eventsSince = entity.seqNext - entity.snapshotSeqNext;
    if (eventsSince >= limits.snapshotEveryEvents) this.#snapshot(entity);
    return { kind: 'added' };
  }

  #snapshot(entity: Entity<State, Event>): void {
    const { context, decisions } = this.#options;
    if (entity.isQuarantined || entity.state === undefined) return;
    const state = context.definition.encodeState(entity.state);
    decisions.snapshot({ entityId: entity.id, seq: entity.seqNext - 1, state });
    entity.snapshotSeqNext = entity.seqNext;
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
    asked: Extract<Decision<Event>, { kind: 'history' }>,
  ): Promise<void> {
    entity.uncommittedCount += 1;
    const decision = await this.#resolveHistory(entity, asked);
    entity.uncommittedCount -= 1;
    if (decision === undefined || !this.#options.lasts()) return;
    this.#settle(entity, queue, record, this.#add(entity, record, queue.from, decision));
    queue.advance();
    queue.waitsFor = undefined;
    this.#options.context.onWork();
  }

  async #resolveHistory(
    entity: Entity<State, Event>,
    asked: Extract<Decision<Event>, { kind: 'history' }>,
  ): Promise<
    Exclude<Decision<Event>, { kind: 'history' }> | { kind: 'threw'; reason: string } | undefined
  > {
    const { context, lasts, onFailed, tail } = this.#options;
    const { definition, journal } = context;
    let decision: Decision<Event> = asked;
    while (decision.kind === 'history' && lasts()) {
      const history: Extract<Decision<Event>, { kind: 'history' }> = decision;
      const { seqBefore, countMax } = history;
      try {
        const query = { entityId: entity.id, seqBefore, countMax };
        decision = history.resume(await readHistory({ definition, journal, tail }, query));
      } catch (error) {
        const ofJournal = error instanceof JournalError;
        if (error instanceof HistoryGapError || (ofJournal && !error.retriable)) {
          onFailed(error);
          return undefined;
        }
        if (!ofJournal) return threw(error);
        await sleep(context.timers, HISTORY_RETRY_MS);
      }
    }
    if (decision.kind === 'history') return undefined;
    if (decision.kind === 'decided' && decision.events.length > 0) {
      return threw(new Error('A decision that read history must not have events.'));
    }
    return decision;
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

function threw(error: unknown): { readonly kind: 'threw'; readonly reason: string } {
  return { kind: 'threw', reason: error instanceof Error ? error.message : String(error) };
}

/** The engine's own events begin like no other: an entity's must not. */
function ownEvent(bytes: Uint8Array): Uint8Array {
  if (isEngineEvent(bytes)) throw new Error('An event of an entity must not start with {"$.');
  return bytes;
}
