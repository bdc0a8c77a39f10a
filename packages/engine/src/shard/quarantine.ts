import { assert } from '@chat-cluster/kernel';
import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import type { ActiveEntities } from '../entity/active-entities.ts';
import {
  encodeEngineEvent,
  parkedRecord,
  unparkedRecord,
  type EngineEvent,
  type ParkedRecord,
} from '../entity/engine-event.ts';
import type { Entity } from '../entity/entity.ts';
import type { DecidedWrite } from '../output/decided-part.ts';
import { originalTimeMs } from '../output/forward.ts';
import { retryRecordValue, type ControlCommand, type ParkedPosition } from './control-record.ts';
import type { Decisions } from './decisions.ts';
import type { Tried } from './entity-decider.ts';
import type { ShardContext } from './shard-context.ts';

type QuarantineOptions<State, Command, Event> = {
  readonly context: ShardContext<State, Command, Event>;
  readonly decisions: Decisions<State, Command, Event>;
  readonly entities: ActiveEntities<State, Event>;
  readonly tryRecord: (
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    release: Release,
  ) => Tried;
};

/** What is committed together with the decision on a parked record: that it is done with, and what else there is to write then. */
export type Release = { readonly event: Uint8Array; readonly writes: readonly DecidedWrite[] };

/** Parked records that the list topic shows of each entity. */
const LISTED_RECORDS_MAX = 20;
const PREVIEW_LENGTH_MAX = 200;
const REASON_LENGTH_MAX = 1_000;

/**
 * Entities whose code threw. The record that it threw on, and every later one, is parked as an event of the entity, so that nothing is lost and no other entity waits. An operator's control
 * records take them out again, in order. The list topic tells operators which entities wait, and for what.
 */
export class Quarantine<State, Command, Event> {
  readonly #options: QuarantineOptions<State, Command, Event>;

  constructor(options: QuarantineOptions<State, Command, Event>) {
    this.#options = options;
  }

  park(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    reason: string | undefined,
  ): void {
    const { context, decisions } = this.#options;
    const parked = parkedRecord(record, from, originalTimeMs(record));
    const isFirst = entity.parked.length === 0;
    const event: EngineEvent = {
      $: 'parked',
      record: parked,
      ...(isFirst && reason !== undefined
        ? { reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed() }
        : {}),
    };
    const list = this.#listOf(entity, reason, [...entity.parked, parked]);
    if (
      !this.#addEvent(entity, record, from, { event: encodeEngineEvent(event), writes: [list] })
    ) {
      decisions.refuse(record, from, {
        code: 'quarantined',
        reason: `Its entity is quarantined (${reason ?? 'see the quarantine list'}) and the record is too large to be parked.`,
      });
      return;
    }
    context.counters.parked += 1;
    if (isFirst) {
      context.report('error', "An entity's code threw: it is quarantined.", {
        entityId: entity.id,
        reason,
        topic: from.topic,
        partition: from.partition,
        offset: record.offset,
      });
    }
  }

  /**
   * An operator's command. One that does not fit what is parked (another record is first) changes nothing. A command may be carried out in part, and come again: skip and edit
   * are done with in one step and hand on to a retry, and a retry goes on where it was.
   */
  control(entity: Entity<State, Event>, command: ControlCommand): void {
    const [first] = entity.parked;
    if (command.action === 'retry') {
      this.#releaseAll(entity);
    } else if (first !== undefined && isAt(first, command.position)) {
      const { context, decisions } = this.#options;
      const retry = retryRecordValue(entity.id);
      const following = decisions.recordFor(context.topics.names.control, entity.keyBytes, retry);
      if (command.action === 'skip') this.#skip(entity, first, following);
      else this.#edit(entity, first, command.value, following);
    }
  }

  #skip(entity: Entity<State, Event>, first: ParkedRecord, following: DecidedWrite): void {
    const { record, from } = fetched(first);
    const release = {
      event: encodeEngineEvent({ $: 'unparked', how: 'skipped' }),
      writes: [following],
    };
    const isAdded = this.#addEvent(entity, record, from, release);
    assert(isAdded, 'Skipping a record is a small event.');
  }

  #edit(
    entity: Entity<State, Event>,
    first: ParkedRecord,
    value: Uint8Array,
    following: DecidedWrite,
  ): void {
    const edited = { ...first, value: Buffer.from(value).toString('base64') };
    this.#release(entity, edited, 'edited', [following]);
  }

  #releaseAll(entity: Entity<State, Event>): void {
    const { context, decisions } = this.#options;
    const { control, quarantine } = context.topics.names;
    for (let count = 0; count < context.limits.retryRecordsMax; count++) {
      const next = entity.parked[0];
      if (next === undefined) break;
      if (!this.#release(entity, next, 'retried', [])) return;
    }
    if (entity.parked.length > 0) {
      decisions.write(decisions.recordFor(control, entity.keyBytes, retryRecordValue(entity.id)));
    } else if (!entity.isQuarantined) {
      decisions.write(decisions.recordFor(quarantine, entity.keyBytes, null));
    }
  }

  /** Decides the first parked record. False when its code threw again: it stays first. */
  #release(
    entity: Entity<State, Event>,
    parked: ParkedRecord,
    how: 'retried' | 'edited',
    writes: readonly DecidedWrite[],
  ): boolean {
    const { decisions, tryRecord } = this.#options;
    const { record, from } = fetched(parked);
    const release = { event: encodeEngineEvent({ $: 'unparked', how }), writes };
    let tried: Tried =
      entity.state === undefined
        ? { kind: 'threw', reason: entity.stateError ?? 'Its state cannot be read.' }
        : tryRecord(entity, record, from, release);
    if (tried.kind === 'threw') {
      decisions.write(this.#listOf(entity, tried.reason, entity.parked));
      return false;
    }
    if (tried.kind === 'needs-history') tried = this.#sendBack(entity, parked, release);
    if (tried.kind === 'refused') {
      const letter = decisions.letterOf(record, from, tried);
      const isAdded = this.#addEvent(entity, record, from, {
        ...release,
        writes: [letter, ...writes],
      });
      assert(isAdded, 'A dead letter fits beside the event that its record is done with.');
    }
    return true;
  }

  /** A record that needs history goes to the end of its input, to be decided like a new one. */
  #sendBack(entity: Entity<State, Event>, parked: ParkedRecord, release: Release): Tried {
    const { record, from } = fetched(parked);
    const again = this.#options.decisions.recordFor(from.topic, entity.keyBytes, record.value);
    const writes = [again, ...release.writes];
    return this.#addEvent(entity, record, from, { ...release, writes })
      ? { kind: 'added' }
      : { kind: 'refused', code: 'too-large', reason: 'The record is too large to be sent again.' };
  }

  /** Adds an event of the engine's with what is written beside it. False when it is too large. */
  #addEvent(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    { event, writes }: Release,
  ): boolean {
    const { context, decisions, entities } = this.#options;
    const prepared = decisions.prepare(entity, record, from, {
      events: [event],
      outputs: [],
      writes,
    });
    if (prepared === undefined) return false;
    decisions.add(prepared);
    entity.seqNext += 1;
    entities.applyEngineEvent(entity, event);
    entities.touch(entity, context.clock.monotonicMs(), entity.measure(context.definition));
    return true;
  }

  /** What operators see: a record of the compacted list topic. */
  #listOf(
    entity: Entity<State, Event>,
    reason: string | undefined,
    waiting: readonly ParkedRecord[],
  ): DecidedWrite {
    const { context, decisions } = this.#options;
    const value = {
      entityId: entity.id,
      sinceMs: waiting[0]?.timestampMs,
      reason: (reason ?? entity.parkedReason ?? 'unknown')
        .slice(0, REASON_LENGTH_MAX)
        .toWellFormed(),
      parkedCount: waiting.length,
      parked: waiting.slice(0, LISTED_RECORDS_MAX).map(listed),
    };
    const bytes = Buffer.from(JSON.stringify(value));
    return decisions.recordFor(context.topics.names.quarantine, entity.keyBytes, bytes);
  }
}

function listed({ topic, topicId, partition, offset, value }: ParkedRecord) {
  const text = value === null ? null : Buffer.from(value, 'base64').toString();
  const valuePreview = text?.slice(0, PREVIEW_LENGTH_MAX).toWellFormed() ?? null;
  return { topic, topicId, partition, offset, valuePreview };
}

/** A parked record as it came, less its headers. */
function fetched(parked: ParkedRecord): { record: FetchedRecord; from: TopicIdPartition } {
  const { topic, topicId, partition } = parked;
  return { record: unparkedRecord(parked), from: { topic, topicId, partition } };
}

function isAt(parked: ParkedRecord, position: ParkedPosition): boolean {
  return (
    parked.topicId === position.topicId &&
    parked.partition === position.partition &&
    parked.offset === position.offset
  );
}
