import type { Deferred } from '@chat-cluster/kernel';
import { recordSizeBytesMax, type TopicPartition } from '@chat-cluster/log';
import type { TimedRecord } from '../codec/record-batch-encoder.ts';

/** Records of one call of `send`, waiting for their acknowledgement. */
export type QueuedSend = {
  readonly records: readonly TimedRecord[];
  readonly sizeBytes: number;
  readonly answer: Deferred<number>;
};

/** What waits for one partition, in the order of the calls, and who it is sent as. */
export class PartitionQueue {
  readonly at: TopicPartition;
  /** The identity that the sequence belongs to; undefined before the first batch, and after a batch whose fate is unknown. */
  identity: { readonly producerId: bigint; readonly producerEpoch: number } | undefined;
  sequenceNext = 0;
  readonly #waiting: QueuedSend[] = [];

  constructor(at: TopicPartition) {
    this.at = at;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  push(send: QueuedSend): void {
    this.#waiting.push(send);
  }

  /** Takes the next sends that fit into one batch: at least one. */
  takeBatch(): QueuedSend[] {
    let count = 0;
    let sizeBytes = 0;
    for (const send of this.#waiting) {
      if (count > 0 && sizeBytes + send.sizeBytes > SHARED_BATCH_BYTES_MAX) break;
      sizeBytes += send.sizeBytes;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  takeAll(): QueuedSend[] {
    return this.#waiting.splice(0);
  }
}

export function sizeOf(records: readonly TimedRecord[]): number {
  return records.reduce((sizeBytes, record) => sizeBytes + recordSizeBytesMax(record), 0);
}

/** Sends share a batch up to this; well below what any topic accepts by default. */
const SHARED_BATCH_BYTES_MAX = 256 * 1024;
