import type { Snapshot } from '@chat-cluster/journal';
import { assert } from '@chat-cluster/kernel';
import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import { Deque } from '../backlog/deque.ts';
import type { ShardTail } from '../backlog/shard-tail.ts';
import type { Output } from '../entity/entity-definition.ts';
import type { Entity } from '../entity/entity.ts';
import type { InputQueue } from '../intake/input-queue.ts';
import { deadLetter, type Refusal } from '../output/dead-letter.ts';
import {
  BATCH_OVERHEAD_BYTES,
  DecidedPart,
  decidedWrite,
  type DecidedWrite,
} from '../output/decided-part.ts';
import { EventRecord, type TailEvent } from '../output/event-record.ts';
import { forwarded, originalTimeMs, wasForwarded } from '../output/forward.ts';
import { OutputRecord } from '../output/output-record.ts';
import type { ShardContext } from './shard-context.ts';

/** What was decided about one entity: encoded events, outputs, and who waits for it. It is committed together, or not at all. */
export type EntityOutcome = {
  readonly events: readonly Uint8Array[];
  readonly outputs: readonly Output[];
  /** What the engine itself writes with it. */
  readonly writes?: readonly DecidedWrite[];
  readonly reply?: unknown;
  readonly counted?: string | undefined;
};

/** An outcome with its place among the events of entity and shard. */
export type PreparedOutcome = {
  readonly events: readonly TailEvent[];
  readonly writes: readonly DecidedWrite[];
  readonly outcome: EntityOutcome;
  readonly record: FetchedRecord;
  readonly from: TopicIdPartition;
};

/**
 * The decisions of a shard that are not committed, as parts in deciding order. A part says which positions of all inputs it ends at: a prefix of what was decided, whatever input it came from (promise 1).
 */
export class Decisions<State, Command, Event> {
  readonly #context: ShardContext<State, Command, Event>;
  readonly #partition: number;
  readonly #tail: ShardTail;
  readonly #queues: readonly InputQueue[];
  readonly #sealed = new Deque<DecidedPart>();
  readonly #positionsSealed = new Map<string, number>();
  #open: DecidedPart | undefined;

  constructor(options: {
    context: ShardContext<State, Command, Event>;
    partition: number;
    tail: ShardTail;
    queues: readonly InputQueue[];
  }) {
    this.#context = options.context;
    this.#partition = options.partition;
    this.#tail = options.tail;
    this.#queues = options.queues;
    for (const { from, decidedNext } of options.queues) {
      this.#positionsSealed.set(from.topic, decidedNext);
    }
  }

  /** Makes an outcome ready to be added. Undefined when it can never fit in a transaction. */
  prepare(
    entity: Entity<State, Event>,
    record: FetchedRecord,
    from: TopicIdPartition,
    outcome: EntityOutcome,
  ): PreparedOutcome | undefined {
    const timestampMs = originalTimeMs(record);
    const source = { topicId: from.topicId, partition: from.partition, offset: record.offset };
    const events: TailEvent[] = outcome.events.map((event, index) => ({
      entityId: entity.id,
      seq: entity.seqNext + index,
      event,
      timestampMs,
      source,
      eventNumber: this.#tail.eventNumberLast + 1 + index,
      offset: -1,
    }));
    const writes = this.#writesOf(entity, events, outcome, timestampMs);
    return this.#fitsAlone(writes) ? { events, writes, outcome, record, from } : undefined;
  }

  /** Adds what was prepared last: it is decided now. */
  add(prepared: PreparedOutcome): void {
    const part = this.#partFor(prepared.writes);
    for (const write of prepared.writes) this.#write(part, write);
    for (const event of prepared.events) {
      this.#tail.append(event);
      part.events.push(event);
    }
    part.eventNumberLast = this.#tail.eventNumberLast;
    this.#addReply(part, prepared);
  }

  /** A snapshot of the entity as it is now, to be written when everything up to here has committed. */
  snapshot(snapshot: Snapshot): void {
    this.#openPart().addSnapshot(snapshot);
    this.#context.decidedBudget.take(snapshot.state.byteLength);
  }

  /** Nothing but this record's dead letter. */
  refuse(record: FetchedRecord, from: TopicIdPartition, refusal: Refusal): void {
    this.write(this.letterOf(record, from, refusal));
  }

  /** The dead letter of a record, to be written: it is counted already. */
  letterOf(record: FetchedRecord, from: TopicIdPartition, refusal: Refusal): DecidedWrite {
    const { topics, counters, limits } = this.#context;
    const topic = topics.names.deadLetters;
    const bytesMax = limits.partitionBatchBytesMax - BATCH_OVERHEAD_BYTES;
    counters.refused({ ...from, offset: record.offset, code: refusal.code });
    const partition = this.#partition % topics.get(topic).partitionCount;
    return decidedWrite({ topic, partition }, deadLetter(record, from, refusal, bytesMax));
  }

  /** The record goes to its entity's home. Once: a record that was forwarded and is still not at home is a dead letter. */
  forward(record: FetchedRecord, from: TopicIdPartition, key: Uint8Array, home: number): void {
    if (wasForwarded(record)) {
      this.#context.report('error', 'A forwarded record is not at home: partition counts differ.', {
        ...from,
        offset: record.offset,
      });
      this.refuse(record, from, {
        code: 'not-at-home',
        reason: `This record was forwarded to partition ${from.partition}, but its entity lives on partition ${home}. Do all producers and nodes see the same number of partitions?`,
      });
      return;
    }
    const write = decidedWrite(
      { topic: from.topic, partition: home },
      forwarded(record, from, key),
    );
    if (!this.#fitsAlone([write])) {
      this.refuse(record, from, {
        code: 'too-large',
        reason:
          'The record is on another partition than its entity and too large to be forwarded with its origin. Send it with the conversation as its key.',
      });
      return;
    }
    this.write(write);
    this.#context.counters.forwarded += 1;
  }

  /** A record for the home of its key, in an input topic (what an operator's retry has left over) or the quarantine list. */
  recordFor(topic: string, key: Uint8Array, value: Uint8Array | null): DecidedWrite {
    const partition = this.#context.topics.homeOf(topic, key);
    return decidedWrite({ topic, partition }, { key, value, headers: [] });
  }

  /** Adds a write of the engine's own, that stands by itself. */
  write(write: DecidedWrite): void {
    assert(this.#fitsAlone([write]), 'What the engine itself writes fits in a record batch.');
    this.#write(this.#partFor([write]), write);
  }

  /** The next part to commit, if there is one. */
  peek(): DecidedPart | undefined {
    if (this.#sealed.length === 0) this.#seal();
    return this.#sealed.at(0);
  }

  get hasAny(): boolean {
    return this.#sealed.length > 0 || this.#open !== undefined;
  }

  /** Makes a part of positions that moved without a decision (past control records), so that they are committed before retention passes them. */
  coverPositions(): void {
    if (this.#open === undefined && this.#movedQueues().length > 0) this.#openPart();
  }

  /** A transaction took the first part; it comes back to nobody: it is committed, or dropped with the shard. */
  shift(): DecidedPart | undefined {
    return this.#sealed.shift();
  }

  drop(): void {
    this.#seal();
    for (const part of this.#sealed) this.#context.decidedBudget.take(-part.heldBytes);
    this.#sealed.clear();
  }

  #write(part: DecidedPart, write: DecidedWrite): void {
    const before = part.sizeBytes;
    part.write(write);
    this.#context.decidedBudget.take(part.sizeBytes - before);
  }

  #writesOf(
    entity: Entity<State, Event>,
    events: readonly TailEvent[],
    outcome: EntityOutcome,
    timestampMs: number,
  ): DecidedWrite[] {
    const { topics } = this.#context;
    const toEvents = { topic: topics.names.events, partition: this.#partition };
    const writes: DecidedWrite[] = events.map((event) =>
      decidedWrite(toEvents, new EventRecord(event, entity.keyBytes)),
    );
    for (const { topic, key, value } of outcome.outputs) {
      const keyBytes = key === entity.id ? entity.keyBytes : Buffer.from(key);
      const partition = this.#homeOf(topic, key === entity.id, keyBytes);
      const record = new OutputRecord({ key: keyBytes, value, timestampMs });
      writes.push(decidedWrite({ topic, partition }, record));
    }
    if (outcome.writes !== undefined) writes.push(...outcome.writes);
    return writes;
  }

  /** The entity's own home needs no hashing where the output topic has as many partitions as its inputs. */
  #homeOf(topic: string, isOwn: boolean, key: Uint8Array): number {
    const { topics } = this.#context;
    if (isOwn && topics.get(topic).partitionCount === topics.shardCount) return this.#partition;
    return topics.homeOf(topic, key);
  }

  #fitsAlone(writes: readonly DecidedWrite[]): boolean {
    const bytesMax = this.#context.limits.partitionBatchBytesMax;
    if (writes.length === 1) {
      const [only] = writes;
      return !only || only.sizeBytes + BATCH_OVERHEAD_BYTES <= bytesMax;
    }
    let bytes = BATCH_OVERHEAD_BYTES;
    for (const { sizeBytes } of writes) bytes += sizeBytes;
    return bytes <= bytesMax || this.#newPart().fits(writes);
  }

  #partFor(writes: readonly DecidedWrite[]): DecidedPart {
    if (this.#open !== undefined && !this.#open.fits(writes)) this.#seal();
    const part = this.#openPart();
    part.decisionCount += 1;
    return part;
  }

  #openPart(): DecidedPart {
    this.#open ??= this.#newPart();
    return this.#open;
  }

  #newPart(): DecidedPart {
    return new DecidedPart({
      partition: this.#partition,
      partitionBytesMax: this.#context.limits.partitionBatchBytesMax,
      eventNumberLast: this.#tail.eventNumberLast,
    });
  }

  /** Ends the open part at the positions that are decided now. */
  #seal(): void {
    const part = this.#open;
    if (part === undefined) return;
    for (const { from, decidedNext } of this.#movedQueues()) {
      part.offsets.set(from.topic, { topicId: from.topicId, offsetNext: decidedNext });
      this.#positionsSealed.set(from.topic, decidedNext);
    }
    if (part.offsets.size === 0) this.#repeatPosition(part);
    this.#sealed.push(part);
    this.#open = undefined;
  }

  /** Part of a long retry: no input moved, but the committed metadata must tell the new event number all the same. */
  #repeatPosition(part: DecidedPart): void {
    const [queue] = this.#queues;
    assert(queue !== undefined, 'A shard has a control input.');
    const { topic, topicId } = queue.from;
    part.offsets.set(topic, { topicId, offsetNext: queue.decidedNext });
  }

  #movedQueues(): InputQueue[] {
    return this.#queues.filter(
      ({ from, decidedNext }) => this.#positionsSealed.get(from.topic) !== decidedNext,
    );
  }

  #addReply(part: DecidedPart, { outcome, record, from }: PreparedOutcome): void {
    const { counters, onReply } = this.#context;
    const { counted, reply } = outcome;
    if (counted === undefined && reply === undefined) return;
    part.whenCommitted.push(() => {
      if (counted !== undefined) counters.label(counted);
      if (reply !== undefined) {
        onReply({ topic: from.topic, partition: from.partition, offset: record.offset }, reply);
      }
    });
  }
}
