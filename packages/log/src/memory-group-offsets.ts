import type { CommittedOffset } from './log-admin.ts';
import { MemoryBrokerError } from './memory-broker-error.ts';
import type { EndDirection } from './memory-partition.ts';
import type { TopicPartition } from './record.ts';
import type { OffsetCommit } from './transactional-producer.ts';

/** An offset as it came in; the numbers count all of a group. */
type Sent = OffsetCommit & { readonly sentNumber: number };

/** What a consumer group has committed, and what open transactions are about to. Of two offsets of a partition the one that was sent later stays, whichever transaction ends first. */
export class MemoryGroupOffsets {
  readonly #committed = new Map<string, Sent>();
  /** By producer id. */
  readonly #pending = new Map<number, Map<string, Sent>>();
  #sentCount = 0;

  commit(offsets: readonly OffsetCommit[]): void {
    for (const sent of this.#number(offsets)) this.#committed.set(keyOf(sent), sent);
  }

  /** Holds offsets until the producer's transaction ends. */
  stage(producerId: number, offsets: readonly OffsetCommit[]): void {
    const sent = this.#number(offsets);
    const staged = this.#pending.get(producerId) ?? new Map<string, Sent>();
    this.#pending.set(producerId, staged);
    for (const offset of sent) staged.set(keyOf(offset), offset);
  }

  endTransaction(producerId: number, direction: EndDirection): void {
    const staged = this.#pending.get(producerId);
    this.#pending.delete(producerId);
    if (!staged || direction === 'abort') return;
    for (const [key, sent] of staged) {
      const committed = this.#committed.get(key);
      if (!committed || committed.sentNumber < sent.sentNumber) this.#committed.set(key, sent);
    }
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
      return committed && { offset: committed.offsetNext, metadata: committed.metadata };
    });
  }

  /** The topic has been deleted. */
  forgetTopic(topic: string): void {
    for (const sents of [this.#committed, ...this.#pending.values()]) {
      for (const [key, sent] of sents) if (sent.topic === topic) sents.delete(key);
    }
  }

  #number(offsets: readonly OffsetCommit[]): Sent[] {
    for (const offset of offsets) assertMetadataFits(offset);
    return offsets.map((offset) => {
      this.#sentCount += 1;
      return { ...offset, sentNumber: this.#sentCount };
    });
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
