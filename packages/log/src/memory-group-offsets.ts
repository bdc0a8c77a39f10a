import type { CommittedOffset } from './log-admin.ts';
import { MemoryBrokerError } from './memory-broker-error.ts';
import type { EndDirection } from './memory-partition.ts';
import type { TopicPartition } from './record.ts';
import type { OffsetCommit } from './transactional-producer.ts';

/** What a consumer group has committed, and what open transactions are about to. */
export class MemoryGroupOffsets {
  readonly #committed = new Map<string, CommittedOffset & { readonly topic: string }>();
  /** By producer id, in the order in which transactions staged them. */
  readonly #pending = new Map<number, Map<string, OffsetCommit>>();

  commit(offsets: readonly OffsetCommit[]): void {
    for (const offset of offsets) {
      assertMetadataFits(offset);
      const { topic, offsetNext, metadata } = offset;
      this.#committed.set(keyOf(offset), { topic, offset: offsetNext, metadata });
    }
  }

  /** Holds offsets until the producer's transaction ends. */
  stage(producerId: number, offsets: readonly OffsetCommit[]): void {
    for (const offset of offsets) assertMetadataFits(offset);
    let staged = this.#pending.get(producerId);
    if (!staged) this.#pending.set(producerId, (staged = new Map<string, OffsetCommit>()));
    for (const offset of offsets) staged.set(keyOf(offset), offset);
  }

  endTransaction(producerId: number, direction: EndDirection): void {
    const staged = this.#pending.get(producerId);
    this.#pending.delete(producerId);
    if (staged && direction === 'commit') this.commit([...staged.values()]);
  }

  /** @throws MemoryBrokerError UNSTABLE_OFFSET_COMMIT while an open transaction holds an offset of one of the partitions */
  stable(partitions: readonly TopicPartition[]): (CommittedOffset | undefined)[] {
    return partitions.map((at) => {
      const key = keyOf(at);
      for (const staged of this.#pending.values()) {
        if (staged.has(key)) {
          throw new MemoryBrokerError(
            'UNSTABLE_OFFSET_COMMIT',
            `An open transaction holds an offset of ${at.topic} partition ${at.partition}.`,
          );
        }
      }
      const committed = this.#committed.get(key);
      return committed && { offset: committed.offset, metadata: committed.metadata };
    });
  }

  forgetTopic(topic: string): void {
    for (const [key, committed] of this.#committed) {
      if (committed.topic === topic) this.#committed.delete(key);
    }
  }
}

/** offset.metadata.max.bytes, as Kafka has it by default. */
const METADATA_BYTES_MAX = 4_096;

function assertMetadataFits({ metadata }: OffsetCommit): void {
  if (metadata.length <= METADATA_BYTES_MAX) return;
  throw new MemoryBrokerError(
    'OFFSET_METADATA_TOO_LARGE',
    `Metadata of ${metadata.length} characters is over ${METADATA_BYTES_MAX}.`,
  );
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
