import { assert, type Cancel, type Clock, type Timers } from '@chat-cluster/kernel';
import { DiskError } from '../disk/disk.ts';
import type { PartitionCleaning } from '../partitions/partition-cleaning.ts';
import { SegmentRemoved } from '../segments/segment-removed.ts';
import { cleanPartition } from './clean-partition.ts';
import { dirtinessOf, type Dirtiness } from './dirtiness.ts';
import { CleaningInterrupted, WorkSlices } from './work-slices.ts';

export type CleanerOptions = {
  /** Every partition that there is. */
  readonly partitions: () => Iterable<PartitionCleaning>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long to wait when there is nothing to clean (`log.cleaner.backoff.ms`). */
  readonly backoffMs: number;
  /** The most memory for the keys of one cleaning (`log.cleaner.dedupe.buffer.size`). */
  readonly mapBytesMax: number;
  /** Makes a checkpoint soon: with it the replaced segments can go. */
  readonly requestCheckpoint: () => void;
  /** Told once of each partition that is not cleaned any more, and why. */
  readonly onError: (error: Error) => void;
};

type Candidate = { readonly partition: PartitionCleaning; readonly dirtiness: Dirtiness };

/**
 * Cleans compacted partitions in the background: one at a time, the dirtiest first, in slices between which the broker
 * serves.
 *
 * A partition that cannot be cleaned is served and written as before; it is left alone until the next start, but for a full
 * disk, which is tried again.
 */
export class Cleaner {
  readonly #options: CleanerOptions;
  readonly #given = new WeakSet<PartitionCleaning>();
  readonly #reported = new WeakSet<PartitionCleaning>();
  #cancel: Cancel = () => {};
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: CleanerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#runLater();
  }

  /** Resolved when no file is being written any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#running;
  }

  /** Cleans what is due until nothing is. */
  async run(): Promise<void> {
    const done = new Set<PartitionCleaning>();
    while (!this.#isStopped) {
      const candidate = await this.#dirtiest(done);
      if (candidate === null) return;
      const isClean = await this.#clean(candidate);
      if (!isClean) done.add(candidate.partition);
    }
  }

  #runLater(): void {
    if (this.#isStopped) return;
    this.#cancel = this.#options.timers.after(this.#options.backoffMs, () => {
      this.#running = this.run().catch(this.#options.onError);
      void this.#running.then(() => this.#runLater());
    });
  }

  async #dirtiest(except: ReadonlySet<PartitionCleaning>): Promise<Candidate | null> {
    let dirtiest: Candidate | null = null;
    for (const partition of this.#options.partitions()) {
      const isOut = except.has(partition) || this.#given.has(partition);
      if (isOut || !partition.isUsable || !partition.limits.isCompacted) continue;
      const dirtiness = await this.#dirtinessOf(partition);
      if (dirtiness === null || !dirtiness.isDue) continue;
      if (dirtiest === null || dirtiness.ratio > dirtiest.dirtiness.ratio) {
        dirtiest = { partition, dirtiness };
      }
    }
    return dirtiest;
  }

  async #dirtinessOf(partition: PartitionCleaning): Promise<Dirtiness | null> {
    try {
      return await dirtinessOf(partition, this.#options.clock.wallMs());
    } catch (error) {
      this.#giveUp(partition, error);
      return null;
    }
  }

  /** False: it is not to be tried again at once. */
  async #clean({ partition, dirtiness }: Candidate): Promise<boolean> {
    const { clock, timers, mapBytesMax, requestCheckpoint } = this.#options;
    const slices = new WorkSlices({
      timers,
      mustStop: () => this.#isStopped || !partition.isUsable,
    });
    const nowMs = clock.wallMs();
    try {
      await partition.run(() =>
        cleanPartition(partition, { dirtiness, mapBytesMax, nowMs, slices }),
      );
      this.#reported.delete(partition);
      return true;
    } catch (error) {
      this.#giveUp(partition, error);
      return false;
    } finally {
      requestCheckpoint();
    }
  }

  #giveUp(partition: PartitionCleaning, error: unknown): void {
    if (error instanceof CleaningInterrupted || error instanceof SegmentRemoved) return;
    assert(error instanceof Error, 'What is thrown is an error.');
    const isFull = error instanceof DiskError && error.code === 'no-space';
    if (!isFull) this.#given.add(partition);
    if (this.#reported.has(partition)) return;
    this.#reported.add(partition);
    const until = isFull ? 'until there is room' : 'until the next start';
    this.#options.onError(
      new Error(`${partition.name} is not compacted ${until}: ${error.message}`, { cause: error }),
    );
  }
}
