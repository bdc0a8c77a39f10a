import { assert, type Clock } from '@chat-cluster/kernel';
import type { NewTopic, TopicDescription } from './log-admin.ts';
import { MemoryBrokerError } from './memory-broker-error.ts';
import { MemoryPartition } from './memory-partition.ts';
import type { TopicIdPartition, TopicPartition } from './record.ts';

export type MemoryTopic = TopicDescription & {
  readonly configs: Readonly<Record<string, string>>;
  readonly partitions: readonly MemoryPartition[];
};

/** The topics of a memory broker. One that is deleted and created again is another topic: it gets another id. */
export class MemoryTopics {
  readonly #clock: Clock;
  readonly #byName = new Map<string, MemoryTopic>();
  #createdCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  find(topic: string): MemoryTopic | undefined {
    return this.#byName.get(topic);
  }

  /** Leaves a topic that exists as it is. */
  create({ topic, partitionCount, configs }: NewTopic): void {
    if (this.#byName.has(topic)) return;
    assert(partitionCount >= 1, 'A topic has at least one partition.');
    this.#createdCount += 1;
    const effective = { ...DEFAULT_CONFIGS, ...configs };
    const partitions = this.#newPartitions(partitionCount, effective);
    const topicId = `00000000-0000-4000-8000-${String(this.#createdCount).padStart(12, '0')}`;
    this.#byName.set(topic, { topic, topicId, partitionCount, configs: effective, partitions });
  }

  /** Adds partitions to a topic, up to so many. */
  grow(topic: string, partitionCount: number): void {
    const found = this.find(topic);
    assert(
      found && partitionCount > found.partitionCount,
      'Partitions are added to what is there.',
    );
    const added = this.#newPartitions(partitionCount - found.partitionCount, found.configs);
    const partitions = [...found.partitions, ...added];
    this.#byName.set(topic, { ...found, partitionCount, partitions });
  }

  delete(topic: string): void {
    const found = this.#byName.get(topic);
    this.#byName.delete(topic);
    for (const partition of found?.partitions ?? []) partition.wake();
  }

  partition({ topic, partition }: TopicPartition): MemoryPartition {
    const found = this.find(topic)?.partitions[partition];
    if (found) return found;
    throw new MemoryBrokerError(
      'UNKNOWN_TOPIC_OR_PARTITION',
      `There is no partition ${partition} of a topic ${topic}.`,
    );
  }

  /** The partition of just this incarnation of the topic. */
  partitionOfId(at: TopicIdPartition): MemoryPartition {
    const found = this.partition(at);
    if (this.find(at.topic)!.topicId === at.topicId) return found;
    throw new MemoryBrokerError(
      'TOPIC_RECREATED',
      `Topic ${at.topic} has been created anew: it has no longer the id ${at.topicId}.`,
    );
  }

  #newPartitions(count: number, configs: MemoryTopic['configs']): MemoryPartition[] {
    return Array.from(
      { length: count },
      () =>
        new MemoryPartition({
          clock: this.#clock,
          isLogAppendTime: configs['message.timestamp.type'] === 'LogAppendTime',
          batchBytesMax: Number(configs['max.message.bytes']),
        }),
    );
  }
}

/** What Kafka 4 has for them. */
const DEFAULT_CONFIGS: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'max.message.bytes': '1048588',
  'message.timestamp.type': 'CreateTime',
  'min.insync.replicas': '1',
  'retention.bytes': '-1',
  'retention.ms': '604800000',
};
