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
import type { InputQueue } from '../intake/input-queue.ts';
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
  ) => Tried;
};

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
    const parked = parkedRecord(record, from, record.timestampMs);
    const isFirst = entity.parked.length === 0;
    const event: EngineEvent = {
      $: 'parked',
      record: parked,
      ...(isFirst && reason !== undefined
        ? { reason: reason.slice(0, REASON_LENGTH_MAX).toWellFormed() }
        : {}),
    };
    if (!this.#addEvent(entity, record, from, event)) {
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
    this.#list(entity, record, reason);
  }

  /** An operator's command. One that does not fit what is parked (the entity was released, or another record is first) changes nothing. */
  control(
    entity: Entity<State, Event>,
    queue: InputQueue,
    record: FetchedRecord,
    command: ControlCommand,
  ): void {
    const first = entity.parked[0];
    if (first === undefined) return;
    if (command.action !== 'retry' && !isAt(first, command.position)) return;
    if (command.action === 'skip') this.#unpark(entity, record, queue.from, 'skipped');
    if (command.action === 'edit') {
      const edited = { ...first, value: Buffer.from(command.value).toString('base64') };
      if (!this.#release(entity, queue, record, edited, 'edited')) return;
    }
    this.#releaseFollowing(entity, queue, record);
  }

  #releaseFollowing(entity: Entity<State, Event>, queue: InputQueue, record: FetchedRecord): void {
    const { context, decisions } = this.#options;
    for (let count = 0; count < context.limits.retryRecordsMax; count++) {
      const next = entity.parked[0];
      if (next === undefined) {
        decisions.sendOn(context.topics.names.quarantine, entity.keyBytes, null);
        return;
      }
      if (!this.#release(entity, queue, record, next, 'retried')) return;
    }
    const { control } = context.topics.names;
    if (entity.parked.length > 0) {
      decisions.sendOn(control, entity.keyBytes, retryRecordValue(entity.id));
    } else {
      decisions.sendOn(context.topics.names.quarantine, entity.keyBytes, null);
    }
  }

  /** Decides the first parked record. False when its code threw again: it stays first. */
  #release(
    entity: Entity<State, Event>,
    queue: InputQueue,
    control: FetchedRecord,
    parked: ParkedRecord,
    how: 'retried' | 'edited',
  ): boolean {
    const { decisions, tryRecord } = this.#options;
    const record = unparkedRecord(parked);
    const from = { topic: parked.topic, topicId: parked.topicId, partition: parked.partition };
    const tried: Tried =
      entity.state === undefined
        ? { kind: 'threw', reason: entity.stateError ?? 'Its state cannot be read.' }
        : tryRecord(entity, record, from);
    if (tried.kind === 'threw') {
      this.#list(entity, control, tried.reason);
      return false;
    }
    if (tried.kind === 'refused') decisions.refuse(record, from, tried);
    if (tried.kind === 'needs-history') {
      decisions.sendOn(parked.topic, entity.keyBytes, record.value);
    }
    this.#unpark(entity, control, queue.from, how);
    return true;
  }

  #unpark(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    how: 'retried' | 'skipped' | 'edited',
  ): void {
    this.#addEvent(entity, record, from, { $: 'unparked', how });
  }

  #addEvent(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    event: EngineEvent,
  ): boolean {
    const { context, decisions, entities } = this.#options;
    const bytes = encodeEngineEvent(event);
    const prepared = decisions.prepare(entity, record, from, { events: [bytes], outputs: [] });
    if (prepared === undefined) return false;
    decisions.add(entity, prepared);
    const before = { count: entity.parked.length, bytes: entity.parkedBytes };
    entity.seqNext += 1;
    entity.applyEngineEvent(bytes);
    entities.countParked({
      count: entity.parked.length - before.count,
      bytes: entity.parkedBytes - before.bytes,
    });
    entities.touch(entity, context.clock.monotonicMs(), entity.measure(context.definition));
    return true;
  }

  /** What operators see: a record of the compacted list topic. */
  #list(entity: Entity<State, Event>, record: FetchedRecord, reason: string | undefined): void {
    const { context, decisions } = this.#options;
    const parked = entity.parked.slice(0, LISTED_RECORDS_MAX).map((waiting) => ({
      topic: waiting.topic,
      topicId: waiting.topicId,
      partition: waiting.partition,
      offset: waiting.offset,
      valuePreview:
        waiting.value === null
          ? null
          : Buffer.from(waiting.value, 'base64')
              .toString()
              .slice(0, PREVIEW_LENGTH_MAX)
              .toWellFormed(),
    }));
    const value = {
      entityId: entity.id,
      sinceMs: entity.parked[0]?.timestampMs ?? record.timestampMs,
      reason: (reason ?? entity.parkedReason ?? 'unknown').toWellFormed(),
      parkedCount: entity.parked.length,
      parked,
    };
    decisions.sendOn(
      context.topics.names.quarantine,
      entity.keyBytes,
      Buffer.from(JSON.stringify(value)),
    );
  }
}

function isAt(parked: ParkedRecord, position: ParkedPosition): boolean {
  return (
    parked.topicId === position.topicId &&
    parked.partition === position.partition &&
    parked.offset === position.offset
  );
}
