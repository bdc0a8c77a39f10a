import type { Snapshot } from '@chat-cluster/journal';
import { recordSizeBytesMax, type OutgoingRecord, type TopicPartition } from '@chat-cluster/log';
import type { TailEvent } from './event-record.ts';

/** What is written to one partition. */
export type PartitionWrites = TopicPartition & {
  readonly records: OutgoingRecord[];
  sizeBytes: number;
};

/** A record that a decision writes, and where; `sizeBytes` by recordSizeBytesMax. */
export type DecidedWrite = TopicPartition & {
  readonly record: OutgoingRecord;
  readonly sizeBytes: number;
};

/** Measures the record, once. */
export function decidedWrite(to: TopicPartition, record: OutgoingRecord): DecidedWrite {
  const { topic, partition } = to;
  return { topic, partition, record, sizeBytes: recordSizeBytesMax(record) };
}

/** Framing of a record batch. */
export const BATCH_OVERHEAD_BYTES = 100;

/**
 * A run of decisions of one shard, in deciding order, that is committed as a whole: events, outputs, and the positions of all its inputs at its end.
 * A transaction takes whole parts.
 */
export class DecidedPart {
  readonly partition: number;
  /** What goes to each partition. Few: a linear search is fastest. */
  readonly writes: PartitionWrites[] = [];
  readonly events: TailEvent[] = [];
  /** To be written to the journal once this has committed. */
  readonly snapshots: Snapshot[] = [];
  /** Input topic → its topic id and the position after the last decision of this part. */
  readonly offsets = new Map<string, { topicId: string; offsetNext: number }>();
  /** Called once it has committed; never if it was dropped. */
  readonly whenCommitted: (() => void)[] = [];
  eventNumberLast: number;
  decisionCount = 0;
  /** What is written. */
  sizeBytes = 0;
  #snapshotBytes = 0;
  readonly #partitionBytesMax: number;

  constructor(options: { partition: number; partitionBytesMax: number; eventNumberLast: number }) {
    this.partition = options.partition;
    this.eventNumberLast = options.eventNumberLast;
    this.#partitionBytesMax = options.partitionBytesMax;
  }

  /** Whether these writes fit beside what is there already. */
  fits(writes: readonly DecidedWrite[]): boolean {
    return writes.every((write, index) => {
      let bytes = this.#find(write)?.sizeBytes ?? BATCH_OVERHEAD_BYTES;
      for (let before = 0; before <= index; before++) {
        const other = writes[before];
        if (other !== undefined && isSame(other, write)) bytes += other.sizeBytes;
      }
      return bytes <= this.#partitionBytesMax;
    });
  }

  write(write: DecidedWrite): void {
    let to = this.#find(write);
    if (to === undefined) {
      to = {
        topic: write.topic,
        partition: write.partition,
        records: [],
        sizeBytes: BATCH_OVERHEAD_BYTES,
      };
      this.writes.push(to);
    }
    to.records.push(write.record);
    to.sizeBytes += write.sizeBytes;
    this.sizeBytes += write.sizeBytes;
  }

  addSnapshot(snapshot: Snapshot): void {
    this.snapshots.push(snapshot);
    this.#snapshotBytes += snapshot.state.byteLength;
  }

  /** What it keeps in memory until it has committed. */
  get heldBytes(): number {
    return this.sizeBytes + this.#snapshotBytes;
  }

  #find(at: TopicPartition): PartitionWrites | undefined {
    for (const candidate of this.writes) if (isSame(candidate, at)) return candidate;
    return undefined;
  }
}

function isSame(a: TopicPartition, b: TopicPartition): boolean {
  return a.partition === b.partition && a.topic === b.topic;
}
