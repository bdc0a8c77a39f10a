import type { Disk } from '../disk/disk.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { storedBatch, type Segment } from './segment.ts';
import type { SegmentRewrite } from './segmented-log.ts';

/** Synced after so many bytes, so that no sync of the write-ahead log waits behind a whole segment. */
const SYNC_BYTES = 8 * 1024 * 1024;

/**
 * A rewrite into a file of its own, under a name that no checkpoint knows yet: a start that finds it removes it.
 */
export class FileRewrite implements SegmentRewrite {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #segment: Segment;
  readonly #replaceBy: (segment: Segment) => boolean;
  #unsyncedBytes = 0;

  constructor(of: {
    disk: Disk;
    folder: string;
    /** New, and not in the store yet. */
    segment: Segment;
    /** Puts it in its place in the store, or says that the place is gone. */
    replaceBy: (segment: Segment) => boolean;
  }) {
    this.#disk = of.disk;
    this.#folder = of.folder;
    this.#segment = of.segment;
    this.#replaceBy = of.replaceBy;
  }

  async append(batches: readonly RecordBatch[]): Promise<void> {
    const sizeBytes = this.#segment.sizeBytes;
    await this.#segment.append(batches.map(storedBatch));
    this.#unsyncedBytes += this.#segment.sizeBytes - sizeBytes;
    if (this.#unsyncedBytes < SYNC_BYTES) return;
    await this.#segment.sync();
    this.#unsyncedBytes = 0;
  }

  async commit(): Promise<boolean> {
    if (this.#segment.sizeBytes > 0) {
      await this.#segment.sync();
      await this.#segment.writeIndex();
      await this.#disk.syncFolder(this.#folder);
    }
    const isReplaced = this.#replaceBy(this.#segment);
    if (!isReplaced) await this.discard();
    return isReplaced;
  }

  async discard(): Promise<void> {
    await this.#segment.remove();
  }
}
