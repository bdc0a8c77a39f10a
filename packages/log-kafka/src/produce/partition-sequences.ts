import type { TopicPartition } from '@chat-cluster/log';

/**
 * The sequence number of each partition's next record: they count a producer's records in one epoch, and the broker
 * refuses a gap or a repeat.
 */
export class PartitionSequences {
  readonly #next = new Map<string, number>();

  nextOf(at: TopicPartition): number {
    return this.#next.get(`${at.topic}/${at.partition}`) ?? 0;
  }

  /** The broker wraps from 2^31 - 1 to 0. */
  advance(at: TopicPartition, recordCount: number): void {
    const next = this.nextOf(at) + recordCount;
    this.#next.set(`${at.topic}/${at.partition}`, next % SEQUENCE_COUNT);
  }

  clear(): void {
    this.#next.clear();
  }
}

const SEQUENCE_COUNT = 2 ** 31;
