import type { Cancel, Timers } from '@chat-cluster/kernel';
import { DiskError, type Disk } from '../disk/disk.ts';
import type { PartitionCheckpoint, PartitionState } from '../partitions/partition-snapshot.ts';
import type { Partition } from '../partitions/partition.ts';
import type { WriteAheadLog } from '../write-ahead-log/write-ahead-log.ts';
import { partitionKey, writeCheckpoint, type Checkpoint } from './checkpoint-file.ts';
import type { StateLog } from './state-log.ts';

/** How long to wait before a checkpoint that failed is tried again. */
const RETRY_MS = 1000;

/** What a checkpoint covers: everything as it was when exactly the groups below `sequence` were durable. */
type Cut = {
  readonly sequence: number;
  readonly partitions: readonly { readonly partition: Partition; readonly state: PartitionState }[];
  readonly state: ReturnType<StateLog['snapshot']>;
};

type WrittenPartition = {
  readonly partition: Partition;
  readonly checkpoint: PartitionCheckpoint;
};

/**
 * Moves what the write-ahead log holds into segments and the state's file, so that the log can let go of it.
 *
 * One checkpoint at a time: a cut through all partitions at a moment between two groups; their batches into segments,
 * synced; then the checkpoint file, replaced in one step; only then the log's files and the deleted segments' files are
 * released. A crash at any point leaves the last checkpoint and all of the log after it.
 */
export class Checkpointer {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #timers: Timers;
  readonly #log: WriteAheadLog;
  readonly #stateLog: StateLog;
  readonly #onError: (error: Error) => void;
  readonly #changed = new Set<Partition>();
  readonly #stored: Map<string, PartitionCheckpoint>;
  #running: Promise<void> | null = null;
  #isRequested = false;
  /** What the last checkpoint wrote; it stays in memory for readers until the next one. */
  #cached: readonly WrittenPartition[] = [];
  #isClosed = false;
  #cancelRetry: Cancel = () => {};

  constructor(of: {
    disk: Disk;
    folder: string;
    timers: Timers;
    log: WriteAheadLog;
    stateLog: StateLog;
    /** The partitions of the last checkpoint. */
    stored: Checkpoint['partitions'];
    /** Called with each failure; the checkpoint is tried again. */
    onError: (error: Error) => void;
  }) {
    this.#disk = of.disk;
    this.#folder = of.folder;
    this.#timers = of.timers;
    this.#log = of.log;
    this.#stateLog = of.stateLog;
    this.#stored = new Map(Object.entries(of.stored));
    this.#onError = of.onError;
  }

  markChanged(partition: Partition): void {
    this.#changed.add(partition);
  }

  /** Forgets the partitions of a deleted topic. */
  forgetTopic(topicId: string): void {
    for (const partition of [...this.#changed]) {
      if (partition.topicId === topicId) this.#changed.delete(partition);
    }
    for (const key of [...this.#stored.keys()]) {
      if (key.startsWith(`${topicId}/`)) this.#stored.delete(key);
    }
  }

  /** Makes a checkpoint soon. While one is being made, another one follows it. */
  request(): void {
    this.#isRequested = true;
    if (!this.#isClosed) this.#running ??= this.#runWhileRequested();
  }

  /** Resolved when no checkpoint is being made. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Makes a last checkpoint, of everything. The log has been closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRetry();
    await this.#running;
    if (this.#log.state === 'failed') return;
    await this.#checkpoint();
  }

  async #runWhileRequested(): Promise<void> {
    while (this.#isRequested && !this.#isClosed) {
      this.#isRequested = false;
      try {
        await this.#checkpoint();
        this.#log.setCheckpointBlocked(false);
      } catch (error) {
        this.#retryLater(error);
        break;
      }
    }
    this.#running = null;
  }

  #retryLater(error: unknown): void {
    this.#log.setCheckpointBlocked(true);
    this.#onError(error instanceof Error ? error : new Error(String(error)));
    this.#cancelRetry();
    // A file that a write or sync failed on is not to be trusted in this run: all is still in the log for the next.
    if (!(error instanceof DiskError) || error.code !== 'no-space') return;
    this.#cancelRetry = this.#timers.after(RETRY_MS, () => this.request());
  }

  async #checkpoint(): Promise<void> {
    const cut = await this.#cut();
    const written: WrittenPartition[] = [];
    try {
      for (const { partition, state } of cut.partitions) {
        if (partition.isDeleted) continue;
        const key = partitionKey(partition);
        const checkpoint = await partition.writeSegments(state, this.#stored.get(key) ?? null);
        this.#stored.set(key, checkpoint);
        written.push({ partition, checkpoint });
      }
      const state = await this.#stateLog.writeFile(cut.state);
      const partitions = Object.fromEntries(this.#stored);
      // The next start reads the log's file from its first group on. What was dropped from segments is in later ones.
      await this.#log.synced();
      const checkpoint = { sequence: cut.sequence, state, partitions };
      await writeCheckpoint(this.#disk, { folder: this.#folder, checkpoint });
      await this.#release({ checkpoint, written });
    } catch (error) {
      // They have not been checkpointed: the next attempt starts from a cut of its own.
      for (const { partition } of cut.partitions) this.#changed.add(partition);
      throw error;
    }
  }

  #cut(): Promise<Cut> {
    return new Promise((resolve) => {
      this.#log.atBoundary((sequence) => {
        const changed = [...this.#changed];
        this.#changed.clear();
        const partitions = changed.map((partition) => ({ partition, state: partition.snapshot() }));
        resolve({ sequence, partitions, state: this.#stateLog.snapshot() });
      });
    });
  }

  async #release({
    checkpoint,
    written,
  }: {
    checkpoint: Checkpoint;
    written: readonly WrittenPartition[];
  }): Promise<void> {
    for (const { partition, checkpoint: before } of this.#cached) {
      partition.releaseMemory(before.state.endOffset);
    }
    this.#cached = written;
    for (const { partition } of written) await partition.removeDroppedSegments();
    await this.#stateLog.afterCheckpoint(checkpoint.state);
    await this.#log.releaseBefore(checkpoint.sequence);
  }
}
