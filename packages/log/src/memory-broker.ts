import type { Clock, Timers } from '@chat-cluster/kernel';
import type { Generation } from './group-member.ts';
import type { CommittedOffset, NewTopic, OffsetSpec } from './log-admin.ts';
import { waitForData, type FetchAnswer, type FetchRequest, type Hurry } from './memory-fetch.ts';
import { MemoryGroup } from './memory-group.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from './memory-network.ts';
import type { EndDirection, IncomingRecord } from './memory-partition.ts';
import type { ProducerStamp } from './memory-producers.ts';
import { MemoryTopics } from './memory-topics.ts';
import {
  MemoryTransactions,
  type ProducerIdentity,
  type TransactionPlace,
} from './memory-transactions.ts';
import type { TopicPartition } from './record.ts';
import type { OffsetCommit } from './transactional-producer.ts';

export type MemoryBrokerOptions = {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Default: every hop takes a microtask, and nothing is lost. */
  readonly network?: Omit<MemoryNetworkOptions, 'timers'>;
  /** How long after a transaction is decided its end is written in each place; default 0. Asked for each place, so that it may be random. */
  readonly markerDelayMs?: (place: string) => number;
  /** How long the first member of an empty group waits for others; default 0. */
  readonly initialRebalanceDelayMs?: number;
};

/** One write of a Produce request; transactional where the request names an id. */
export type ProduceRequest = {
  readonly to: TopicPartition;
  readonly records: readonly IncomingRecord[];
  readonly stamp: ProducerStamp;
  readonly transactionalId: string | undefined;
};

/**
 * The "server" that `MemoryLog`s share: topics, groups and transactions in memory, with the semantics of Kafka. Its methods are requests as they arrive;
 * clients send them through `network`. All time comes from what is passed in: with manual timers every run is the same.
 */
export class MemoryBroker {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly network: MemoryNetwork;
  readonly topics: MemoryTopics;
  readonly transactions: MemoryTransactions;
  readonly #groups = new Map<string, MemoryGroup>();
  readonly #initialRebalanceDelayMs: number;

  constructor(options: MemoryBrokerOptions) {
    this.clock = options.clock;
    this.timers = options.timers;
    this.network = new MemoryNetwork({ ...options.network, timers: options.timers });
    this.topics = new MemoryTopics(options.clock);
    this.transactions = new MemoryTransactions({
      timers: options.timers,
      markerDelayMs: options.markerDelayMs ?? (() => 0),
    });
    this.#initialRebalanceDelayMs = options.initialRebalanceDelayMs ?? 0;
  }

  /** Creates a topic without a client in between; for tests. */
  createTopic(topic: Pick<NewTopic, 'topic' | 'partitionCount'> & Partial<NewTopic>): void {
    this.topics.create({ replicationFactor: -1, configs: {}, ...topic });
  }

  /** Adds partitions to a topic, as an operator may. */
  growTopic(topic: string, partitionCount: number): void {
    this.topics.grow(topic, partitionCount);
  }

  /** Deletes a topic, and what groups have committed for it. */
  deleteTopic(topic: string): void {
    this.topics.delete(topic);
    for (const group of this.#groups.values()) group.offsets.forgetTopic(topic);
  }

  /** Moves a partition's start on, as retention does. */
  deleteRecords(at: TopicPartition & { readonly offsetBefore: number }): void {
    this.topics.partition(at).deleteBefore(at.offsetBefore);
  }

  group(groupId: string): MemoryGroup {
    const found = this.findGroup(groupId);
    if (found) return found;
    const group = new MemoryGroup({
      groupId,
      timers: this.timers,
      initialRebalanceDelayMs: this.#initialRebalanceDelayMs,
    });
    this.#groups.set(groupId, group);
    return group;
  }

  findGroup(groupId: string): MemoryGroup | undefined {
    return this.#groups.get(groupId);
  }

  produce({ to, records, stamp, transactionalId }: ProduceRequest): number {
    const partition = this.topics.partition(to);
    if (transactionalId !== undefined) {
      this.transactions.verify(transactionalId, stamp, partitionKey(to));
    }
    return partition.append({ records, stamp, isTransactional: transactionalId !== undefined });
  }

  fetch(request: FetchRequest, hurry: Hurry): Promise<FetchAnswer> {
    return waitForData({ topics: this.topics, timers: this.timers, request, hurry });
  }

  listOffset(at: TopicPartition, spec: OffsetSpec): number {
    const partition = this.topics.partition(at);
    if (spec === 'earliest') return partition.logStart;
    if (spec === 'latest') return partition.highWatermark;
    return partition.offsetAt(spec.timestampMs) ?? partition.highWatermark;
  }

  addPartitions(
    transactionalId: string,
    identity: ProducerIdentity,
    partitions: readonly TopicPartition[],
  ): void {
    const places = partitions.map((at): TransactionPlace => {
      const partition = this.topics.partition(at);
      return {
        key: partitionKey(at),
        end: (identityEnding, direction) => partition.writeMarker(identityEnding, direction),
      };
    });
    this.transactions.add(transactionalId, identity, places);
  }

  addOffsets(transactionalId: string, identity: ProducerIdentity, groupId: string): void {
    const end = ({ producerId }: ProducerIdentity, direction: EndDirection): void =>
      this.group(groupId).offsets.endTransaction(producerId, direction);
    this.transactions.add(transactionalId, identity, [{ key: groupKey(groupId), end }]);
  }

  /** TxnOffsetCommit. Without a generation only the transaction is checked, as for clients outside of the group. */
  stageOffsets(request: {
    readonly transactionalId: string;
    readonly identity: ProducerIdentity;
    readonly groupId: string;
    readonly generation: Generation | undefined;
    readonly offsets: readonly OffsetCommit[];
  }): void {
    const { transactionalId, identity, groupId, generation, offsets } = request;
    this.transactions.verify(transactionalId, identity, groupKey(groupId));
    const group = this.group(groupId);
    if (generation) group.validateCommit(generation);
    for (const offset of offsets) this.topics.partition(offset);
    group.offsets.stage(identity.producerId, offsets);
  }

  commitOffsets(groupId: string, offsets: readonly OffsetCommit[]): void {
    const group = this.group(groupId);
    group.validateEmpty();
    for (const offset of offsets) this.topics.partition(offset);
    group.offsets.commit(offsets);
  }

  stableOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): (CommittedOffset | undefined)[] {
    return this.findGroup(groupId)?.offsets.stable(partitions) ?? partitions.map(() => undefined);
  }
}

function partitionKey({ topic, partition }: TopicPartition): string {
  return `partition ${topic}/${partition}`;
}

function groupKey(groupId: string): string {
  return `group ${groupId}`;
}
