import type { LogError } from './log-error.ts';
import type { FetchedRecord, TopicIdPartition, TopicPartition } from './record.ts';

/** Records of one partition in offset order, committed ones only. */
export type FetchedBatch = TopicPartition & {
  /** May be empty when only control or aborted records were passed. */
  readonly records: readonly FetchedRecord[];
  /** The fetch position after this batch: past control and aborted records. */
  readonly offsetNext: number;
  /** End of the durable log when this was read, for lag: never before `offsetNext`. */
  readonly highWatermark: number;
  /** Bytes that these records hold. */
  readonly sizeBytes: number;
};

export interface FetcherListener {
  /** Called synchronously, in order per partition; never for a removed partition. */
  onBatch(batch: FetchedBatch): void;
  /** The partition is no longer fetched: offset-out-of-range, topic-recreated, unknown-topic, corrupt, refused. Passing troubles are retried inside. */
  onPartitionError(at: TopicPartition, error: LogError): void;
}

export type FetcherOptions = {
  /** Most bytes of one Fetch answer; default 4 MiB. */
  readonly responseBytesMax?: number;
  /** Most bytes of a partition in one answer; default 512 KiB. The first batch comes even if it is larger (KIP-74). */
  readonly partitionBytesMax?: number;
  /** Long poll; default 500. */
  readonly waitMaxMs?: number;
};

/**
 * Reads partitions from given positions, read_committed by Kafka's rule (the aborted list in order of first offsets, a set of active producer ids,
 * carried on to the marker across responses). One request a leader is under way; what is paused is left out of the next one.
 */
export interface Fetcher {
  /** Starts fetching at a position. A position out of range is an error of the partition, never a fallback. */
  add(at: TopicIdPartition, position: number): void;
  /** Stops fetching; an answer under way for it is dropped. Idempotent. */
  remove(at: TopicPartition): void;
  /** Leaves the partition out of further requests; a batch under way may still come. Idempotent. */
  pause(at: TopicPartition): void;
  resume(at: TopicPartition): void;
  close(): Promise<void>;
}
