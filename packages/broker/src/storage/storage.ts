import type { PartitionCheckpoint, RecoveredEntry } from '../partitions/partition-snapshot.ts';
import type { Partition } from '../partitions/partition.ts';
import type { PartitionStore } from '../segments/partition-store.ts';
import type { DurableLog } from '../state-journal/durable-log.ts';
import type { CommitLog } from '../write-ahead-log/commit-log.ts';

/** A partition, as the storage finds its files. */
export type StoredPartition = {
  readonly topicId: string;
  readonly topicName: string;
  readonly partition: number;
};

/** What an earlier run left of a partition. */
export type RecoveredPartition = {
  /** Null when everything is kept in memory. */
  readonly store: PartitionStore | null;
  readonly checkpoint: PartitionCheckpoint | null;
  readonly entries: readonly RecoveredEntry[];
  /** Why the partition cannot be used, or null. */
  readonly failure: string | null;
};

/** Where a broker keeps everything: a data folder, or its memory. */
export interface Storage {
  readonly commitLog: CommitLog;
  /** The log of the broker's own state. */
  readonly stateLog: DurableLog;
  /** The files of a partition that is new, or null when everything is kept in memory. */
  newStore(partition: StoredPartition): PartitionStore | null;
  /** Opens the files of a partition of an earlier run. */
  recover(partition: StoredPartition): Promise<RecoveredPartition>;
  /** The partition has something for the next checkpoint. */
  markChanged(partition: Partition): void;
  /** Makes a checkpoint soon, for example because segments were dropped. */
  requestCheckpoint(): void;
  /** The topic is deleted, durably: removes its files. */
  removeTopic(topic: { topicId: string; topicName: string }): Promise<void>;
  /** Every partition has been recovered: work in the background may start. */
  start(): void;
  /** Makes everything durable and lets go of the data folder. */
  close(): Promise<void>;
}
