import { isUtf8 } from 'node:buffer';
import { assert } from '@chat-cluster/kernel';
import {
  homePartition,
  type FetchedBatch,
  type FetchedRecord,
  type TopicIdPartition,
} from '@chat-cluster/log';
import type { ShardTail } from '../backlog/shard-tail.ts';
import { ActiveEntities } from '../entity/active-entities.ts';
import type { ReadInput } from '../entity/entity-definition.ts';
import { entityIdProblem } from '../entity/entity-id.ts';
import type { Entity } from '../entity/entity.ts';
import type { IncomingStates } from '../hand-over/incoming-states.ts';
import type { RetiredShard } from '../hand-over/retired-states.ts';
import { InputQueue } from '../intake/input-queue.ts';
import { readRecord } from '../intake/read-record.ts';
import type { DecidedPart } from '../output/decided-part.ts';
import type { Tenure } from '../partition/tenure.ts';
import { EntityRecovery } from '../recovery/entity-recovery.ts';
import { readControl, type ControlCommand } from './control-record.ts';
import { Decisions } from './decisions.ts';
import { EntityDecider } from './entity-decider.ts';
import type { ShardContext } from './shard-context.ts';

export type ShardOptions<State, Command, Event> = {
  readonly context: ShardContext<State, Command, Event>;
  readonly tenure: Tenure;
  /** The backlog that was found when taking over. */
  readonly tail: ShardTail;
  /** The inputs in the order of deciding, with the positions to go on from. */
  readonly inputs: readonly { readonly from: TopicIdPartition; readonly position: number }[];
  /** States of the former owner, if it was asked. */
  readonly incoming?: IncomingStates | undefined;
};

/**
 * The entities of one partition while this worker owns it: takes fetched records in, decides them in order, and hands the decisions over in parts.
 * It lives as long as its tenure runs; what it holds is dropped with it.
 */
export class Shard<State, Command, Event> {
  readonly tenure: Tenure;
  readonly tail: ShardTail;
  readonly decisions: Decisions<State, Command, Event>;
  readonly entities: ActiveEntities<State, Event>;
  readonly queues: readonly InputQueue[];
  readonly #context: ShardContext<State, Command, Event>;
  readonly #recovery: EntityRecovery<State, Event>;
  readonly #decider: EntityDecider<State, Command, Event>;
  readonly #incoming: IncomingStates | undefined;
  readonly #beganMs: number;

  constructor(options: ShardOptions<State, Command, Event>) {
    const { context, tenure } = options;
    this.#context = context;
    this.tenure = tenure;
    this.queues = options.inputs.map(({ from, position }) => new InputQueue(from, position));
    this.entities = new ActiveEntities(context.entityBudget);
    this.tail = options.tail;
    this.#incoming = options.incoming;
    this.#incoming?.begin(this.tail.eventNumberLast);
    this.#beganMs = context.clock.monotonicMs();
    this.decisions = new Decisions({
      context,
      partition: tenure.partition,
      tail: this.tail,
      queues: this.queues,
    });
    this.#recovery = new EntityRecovery({
      context,
      tail: this.tail,
      incoming: this.#incoming,
      lasts: () => this.#lasts,
      onRecovered: (entities) => this.#recovered(entities),
      onFailed: (error) => this.fail(error),
    });
    this.#decider = new EntityDecider({
      context,
      decisions: this.decisions,
      tail: this.tail,
      entities: this.entities,
      lasts: () => this.#lasts,
      onFailed: (error) => this.fail(error),
    });
  }

  get partition(): number {
    return this.tenure.partition;
  }

  take(batch: FetchedBatch): void {
    const queue = this.queues.find(({ from }) => from.topic === batch.topic);
    assert(queue !== undefined, `A shard gets records of its inputs only, not of ${batch.topic}.`);
    queue.push(batch);
  }

  /** Decides up to `countMax` records; answers how many it was. 0 means that all inputs are empty or wait for something. */
  decideSlice(countMax: number): number {
    let count = 0;
    for (const queue of this.queues) {
      while (count < countMax && this.#mayDecide(queue)) {
        const record = queue.first();
        if (record === undefined || !this.#decide(queue, record)) break;
        queue.advance();
        this.#context.counters.recordsDecided += 1;
        if (this.tenure.isMisplaced) this.#context.counters.recordsMisplaced += 1;
        count += 1;
      }
    }
    return count;
  }

  /** The part's transaction has committed; `baseOffset` is that of its first event in the event topic (-1 when it has none). */
  committed(part: DecidedPart, baseOffset: number): void {
    part.events.forEach((event, index) => {
      event.offset = baseOffset + index;
    });
    this.tail.markCommitted(part.events);
    for (const callback of part.whenCommitted) callback();
    for (const snapshot of part.snapshots) this.#context.snapshotWriter.add(snapshot);
    this.#context.counters.eventsCommitted += part.events.length;
    this.#context.onCommitted(this.partition, part.events);
  }

  /** The entity as it was decided; undefined while it is not in memory. */
  activeEntity(entityId: string): Entity<State, Event> | undefined {
    const entity = this.entities.get(entityId);
    if (entity === undefined || !entity.mustBeRebuilt || entity.readsUnderWay > 0) return entity;
    this.entities.remove(entity);
    return undefined;
  }

  /** Recovers entities at home here; `onRecovered` tells when. Nothing comes of it when the tenure does not last. */
  recover(entityIds: readonly string[]): void {
    const [first, ...others] = entityIds.filter((id) => this.activeEntity(id) === undefined);
    if (first !== undefined) this.#recovery.start(first, others);
  }

  /** Where deciding goes on, for each input topic. */
  positions(): readonly (TopicIdPartition & { readonly offsetNext: number })[] {
    return this.queues.map(({ from, decidedNext }) => ({ ...from, offsetNext: decidedNext }));
  }

  /** What fails after the tenure is over is nobody's trouble: the partition may have another one. */
  fail(error: Error): void {
    if (this.tenure.lasts) this.#context.onFailed(this.partition, error);
  }

  get isRunning(): boolean {
    return this.#lasts;
  }

  /** Recovers those of these entities that are at home here and not active, before a record needs them; resolves with how many. */
  warm(entityIds: readonly string[]): Promise<number> {
    const { shardCount } = this.#context.topics;
    return this.#recovery.warm(
      entityIds.filter(
        (id) =>
          this.entities.get(id) === undefined &&
          homePartition(Buffer.from(id), shardCount) === this.partition,
      ),
    );
  }

  /** Gives entities back that were idle for long, or as many as the budget asks for. */
  passivate(): void {
    const { clock, limits, counters } = this.#context;
    if (clock.monotonicMs() - this.#beganMs >= limits.retiredMs) this.#incoming?.drop();
    this.entities.sweep({
      nowMs: clock.monotonicMs(),
      idleMs: limits.entityIdleMs,
      mayPassivate: (entity) => this.#mayPassivate(entity),
      passivate: (entity) => {
        this.#snapshotOf(entity);
        counters.entitiesPassivated += 1;
      },
    });
  }

  /** For its next owner, when all that was decided has committed. */
  retired(): RetiredShard<State, Event> {
    const { eventNumberCommitted, eventNumberLast } = this.tail;
    assert(eventNumberCommitted === eventNumberLast, 'What is handed over has committed.');
    const entities = this.entities.youngestFirst();
    return { partition: this.partition, eventNumber: eventNumberLast, entities };
  }

  /** The tenure is over: gives all memory back but the tail's, which may still be written. Parts in flight are the transaction's. */
  drop(): void {
    this.decisions.drop();
    this.#incoming?.drop();
    this.entities.clear();
    for (const queue of this.queues) {
      this.#context.counters.recordsLeft += queue.count;
      queue.clear();
    }
  }

  get #lasts(): boolean {
    return this.tenure.phase === 'running';
  }

  /** What was not committed may never have happened: it is neither forgotten nor put into a snapshot. Parked records at their cap hold the inputs back as long as they are counted. */
  #mayPassivate(entity: Entity<State, Event>): boolean {
    if (entity.readsUnderWay > 0 || this.tail.hasUncommitted(entity.id)) return false;
    return entity.parked.length === 0 || !this.#isFullOfParked;
  }

  #snapshotOf(entity: Entity<State, Event>): void {
    const { definition, limits, report, snapshotWriter } = this.#context;
    const eventsSince = entity.seqNext - entity.snapshotSeqNext;
    if (entity.state === undefined || entity.isQuarantined) return;
    if (eventsSince < limits.snapshotAtPassivationEvents) return;
    assert(
      !this.tail.hasUncommitted(entity.id),
      'A snapshot holds committed events only (promise 1).',
    );
    try {
      const state = definition.encodeState(entity.state);
      snapshotWriter.add({ entityId: entity.id, seq: entity.seqNext - 1, state });
    } catch (error) {
      report('error', "An entity's encodeState threw: there is no snapshot of it.", {
        entityId: entity.id,
        error,
      });
    }
  }

  #mayDecide(queue: InputQueue): boolean {
    const { decidedBudget, backlogBudget } = this.#context;
    if (!this.#lasts || queue.waitsFor !== undefined) return false;
    return !decidedBudget.isFull && !backlogBudget.isFull && !this.#isHeldBack(queue);
  }

  /** Promise 9: a cap on parked records pauses only the other inputs; the operator's control records go on. */
  #isHeldBack(queue: InputQueue): boolean {
    return this.#isFullOfParked && queue.from.topic !== this.#context.topics.names.control;
  }

  get #isFullOfParked(): boolean {
    const { parkedRecordsMaxPerShard, parkedBytesMaxPerShard } = this.#context.limits;
    const { parkedCount, parkedBytes } = this.entities;
    return parkedCount >= parkedRecordsMaxPerShard || parkedBytes >= parkedBytesMaxPerShard;
  }

  /** False when the record has to wait. */
  #decide(queue: InputQueue, record: FetchedRecord): boolean {
    const isControl = queue.from.topic === this.#context.topics.names.control;
    const read = isControl ? readControl(record) : this.#read(queue, record);
    if (!read.ok) {
      this.decisions.refuse(record, queue.from, read);
      return true;
    }
    const entity = this.activeEntity(read.entityId);
    if (entity === undefined) return this.#withoutEntity(queue, record, read.entityId);
    if (isControl) {
      return this.#decider.control(entity, read.command as ControlCommand);
    }
    return this.#decider.decide(entity, queue, record, read.command as Command);
  }

  #read(queue: InputQueue, record: FetchedRecord): ReadInput<Command> {
    const reader = this.#context.definition.inputs[queue.from.topic];
    assert(reader !== undefined, `Input ${queue.from.topic} has a reader.`);
    return readRecord(reader, record);
  }

  /** The entity is not active: is it at home here at all? Then it is recovered, together with others that will be needed soon. */
  #withoutEntity(queue: InputQueue, record: FetchedRecord, entityId: string): boolean {
    const problem = entityIdProblem(entityId);
    if (problem !== undefined) {
      this.decisions.refuse(record, queue.from, { code: 'invalid-entity-id', reason: problem });
      return true;
    }
    const key = Buffer.from(entityId);
    const home = homePartition(key, this.#context.topics.shardCount);
    if (home !== this.partition) {
      this.decisions.forward(record, queue.from, key, home);
      return true;
    }
    queue.waitsFor = 'recovery';
    this.#recovery.start(entityId, this.#neededSoon(queue));
    return false;
  }

  /** Entities of the next records that are not active, by the records' keys: a key is a good guess of the entity's id, and only a guess. */
  #neededSoon(queue: InputQueue): string[] {
    const ids = new Set<string>();
    const { recoveryBatchCount, recoveryConcurrency } = this.#context.limits;
    const idsMax = recoveryBatchCount * recoveryConcurrency;
    for (let index = 0; index < queue.count && ids.size < idsMax; index++) {
      const key = queue.at(index)?.key;
      if (!key || !isUtf8(key)) continue;
      if (homePartition(key, this.#context.topics.shardCount) !== this.partition) continue;
      const id = Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
      if (entityIdProblem(id) !== undefined || this.entities.get(id) !== undefined) continue;
      ids.add(id);
    }
    return [...ids];
  }

  #recovered(entities: readonly Entity<State, Event>[]): void {
    for (const entity of entities) {
      const home = homePartition(entity.keyBytes, this.#context.topics.shardCount);
      assert(home === this.partition, 'An entity is active at its home only (promise 6).');
      this.entities.add(entity);
      this.#context.counters.entitiesRecovered += 1;
    }
    for (const queue of this.queues) if (queue.waitsFor === 'recovery') queue.waitsFor = undefined;
    this.#context.onWork();
    this.#context.onRecovered(this.partition);
  }
}
