import { assert } from '@chat-cluster/kernel';
import type { Disk } from '../disk/disk.ts';
import type { OpenFiles } from '../disk/open-files.ts';
import type { TailBatch } from '../partitions/tail.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { DamagedLog } from './damaged-log.ts';
import { baseOffsetOf, Segment, segmentFileName } from './segment.ts';
import type { SegmentRead } from './select-batches.ts';

/** What a checkpoint says about the files of a partition: enough to know after a crash what counts. */
export type StoreSnapshot = {
  /** Oldest first; the last one is the active segment. */
  readonly segments: readonly { readonly baseOffset: number; readonly sizeBytes: number }[];
  /** The offset after the last batch in the files. */
  readonly endOffset: number;
};

export type SegmentLimits = { readonly segmentBytesMax: number; readonly segmentMs: number };

/**
 * The segment files of one partition: everything below `endOffset`.
 *
 * Only the checkpoint appends, retention removes, any reader reads. What is in the files beyond the last checkpoint is
 * still in the write-ahead log too, so `open` cuts the files back to what the checkpoint says.
 */
export class PartitionStore {
  readonly #disk: Disk;
  readonly #files: OpenFiles;
  readonly #folder: string;
  readonly #parentFolders: readonly string[];
  #isNewFolder: boolean;
  #segments: Segment[] = [];
  #endOffset: number;
  #activeSinceMs: number;
  /** Segments written since the last sync. */
  readonly #unsynced = new Set<Segment>();
  #hasNewFiles = false;
  /** Dropped since the last snapshot. */
  readonly #dropped: Segment[] = [];
  /** Dropped before it. */
  readonly #unnamed: Segment[] = [];

  private constructor(options: PartitionStoreOptions, snapshot: StoreSnapshot | null) {
    this.#disk = options.disk;
    this.#files = options.files;
    this.#folder = options.folder;
    this.#parentFolders = options.parentFolders;
    this.#isNewFolder = snapshot === null;
    this.#activeSinceMs = options.nowMs;
    this.#endOffset = snapshot?.endOffset ?? 0;
    for (const segment of snapshot?.segments ?? []) this.#segments.push(this.#segment(segment));
  }

  /** The store of a partition that is new. */
  static create(options: PartitionStoreOptions): PartitionStore {
    return new PartitionStore(options, null);
  }

  /**
   * Opens what the last checkpoint left. `snapshot` null: the partition had nothing in its files then.
   *
   * @throws DamagedLog when a file is missing or shorter than the checkpoint says
   */
  static async open(
    options: PartitionStoreOptions,
    snapshot: StoreSnapshot | null,
  ): Promise<PartitionStore> {
    const store = new PartitionStore(options, snapshot);
    await store.#removeUncheckpointed();
    for (const segment of store.#segments) await store.#requireWhole(segment);
    return store;
  }

  /** The offset of the first batch in the files, or null when there is none. */
  get startOffset(): number | null {
    return this.#segments[0]?.baseOffset ?? null;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** For a checkpoint; segments dropped before this call can be removed once that checkpoint is durable. */
  snapshot(): StoreSnapshot {
    this.#unnamed.push(...this.#dropped.splice(0));
    const segments = this.#segments.map(({ baseOffset, sizeBytes }) => ({ baseOffset, sizeBytes }));
    return { segments, endOffset: this.#endOffset };
  }

  /**
   * Appends batches, starting new segments at the limits. Durable after `sync`. After a failure, what lies above
   * `endOffset` is to be appended again.
   */
  async append(batches: readonly TailBatch[], limits: SegmentLimits, nowMs: number): Promise<void> {
    let run: TailBatch[] = [];
    let runBytes = 0;
    for (const batch of batches) {
      assert(batch.baseOffset >= this.#endOffset, 'Batches reach the files once and in order.');
      const active = this.#segments.at(-1);
      const room = { pendingBytes: runBytes, segmentBytesMax: limits.segmentBytesMax };
      const isFull = active === undefined || !active.hasRoomFor(batch, room);
      const isOld = nowMs - this.#activeSinceMs >= limits.segmentMs;
      if (isFull || (isOld && runBytes === 0)) {
        await this.#appendToActive(run);
        await this.#roll(batch.baseOffset, nowMs);
        run = [];
        runBytes = 0;
      }
      run.push(batch);
      runBytes += batch.bytes.byteLength;
    }
    await this.#appendToActive(run);
  }

  /** Makes everything appended durable, new file names included. */
  async sync(): Promise<void> {
    for (const segment of [...this.#unsynced]) {
      await segment.sync();
      this.#unsynced.delete(segment);
    }
    if (!this.#hasNewFiles) return;
    for (const folder of this.#isNewFolder
      ? [this.#folder, ...this.#parentFolders]
      : [this.#folder]) {
      await this.#disk.syncFolder(folder);
    }
    this.#hasNewFiles = false;
    this.#isNewFolder = false;
  }

  /** As `Segment.read`, over all segments. */
  async read(wanted: {
    offset: number;
    endOffset: number;
    maxBytes: number;
  }): Promise<SegmentRead | null> {
    for (let index = this.#indexOf(wanted.offset); index < this.#segments.length; index++) {
      const read = (await this.#segments[index]?.read(wanted)) ?? null;
      if (read !== null) return read;
    }
    return null;
  }

  /** The first batch, not ending below `offset`, whose latest time is `timestampMs` or later. */
  async findTimestamp(timestampMs: number, offset: number): Promise<RecordBatch | null> {
    for (const segment of [...this.#segments]) {
      const batch = await segment.findTimestamp(timestampMs, offset);
      if (batch !== null) return batch;
    }
    return null;
  }

  async maxTimestampMs(): Promise<number> {
    let maxTimestampMs = -1;
    for (const segment of [...this.#segments]) {
      maxTimestampMs = Math.max(maxTimestampMs, await segment.maxTimestampMs());
    }
    return maxTimestampMs;
  }

  /**
   * The offset below which the closed segments are expired: older than `olderThanMs`, or more than is to be kept in
   * `keepBytes`. Null when there is nothing to delete.
   */
  async expiredBelow(limits: { olderThanMs: number; keepBytes: number }): Promise<number | null> {
    let surplusBytes = this.sizeBytes - limits.keepBytes;
    let expiredBelow: number | null = null;
    for (const [index, segment] of this.#segments.slice(0, -1).entries()) {
      surplusBytes -= segment.sizeBytes;
      const isExpired = surplusBytes >= 0 || (await segment.maxTimestampMs()) < limits.olderThanMs;
      if (!isExpired) break;
      expiredBelow = this.#segments[index + 1]?.baseOffset ?? null;
    }
    return expiredBelow;
  }

  /** Lets go of the closed segments that end at or below `offset`. Their files go with `removeDropped`. */
  dropBelow(offset: number): void {
    for (;;) {
      const [first, second] = this.#segments;
      if (first === undefined || second === undefined || second.baseOffset > offset) return;
      this.#segments.shift();
      this.#unsynced.delete(first);
      this.#dropped.push(first);
    }
  }

  /** Removes the files of segments that the last durable checkpoint does not name any more. */
  async removeDropped(): Promise<void> {
    for (const segment of this.#unnamed.splice(0)) await segment.remove();
  }

  #segment({ baseOffset, sizeBytes }: { baseOffset: number; sizeBytes: number }): Segment {
    const { disk, files, folder } = { disk: this.#disk, files: this.#files, folder: this.#folder };
    return new Segment({ disk, files, folder, baseOffset, sizeBytes });
  }

  async #appendToActive(batches: readonly TailBatch[]): Promise<void> {
    const last = batches.at(-1);
    if (last === undefined) return;
    const active = this.#segments.at(-1);
    assert(active !== undefined, 'There is an active segment before anything is appended.');
    this.#unsynced.add(active);
    await active.append(batches);
    this.#endOffset = last.lastOffset + 1;
  }

  async #roll(baseOffset: number, nowMs: number): Promise<void> {
    await this.#segments.at(-1)?.writeIndex();
    this.#segments.push(this.#segment({ baseOffset, sizeBytes: 0 }));
    this.#activeSinceMs = nowMs;
    this.#hasNewFiles = true;
  }

  /** Removes segment files that no checkpoint names: started after it, or being deleted when the process died. */
  async #removeUncheckpointed(): Promise<void> {
    const known = new Set(this.#segments.map((segment) => segment.baseOffset));
    for (const name of await this.#disk.list(this.#folder)) {
      const baseOffset = baseOffsetOf(name);
      if (baseOffset === null || known.has(baseOffset)) continue;
      const isOutside = this.#endOffset <= baseOffset || baseOffset < (this.startOffset ?? 0);
      if (isOutside) await this.#disk.remove(`${this.#folder}/${name}`);
    }
  }

  async #requireWhole(segment: Segment): Promise<void> {
    const sizeBytes = await this.#disk.sizeBytes(segment.path);
    const name = segmentFileName(segment.baseOffset);
    if (sizeBytes === null) throw new DamagedLog(`${segment.path} is missing`);
    if (sizeBytes < segment.sizeBytes) {
      throw new DamagedLog(`${name} has ${sizeBytes} bytes, and ${segment.sizeBytes} were durable`);
    }
  }

  /** The index of the last segment that starts at or below `offset`. */
  #indexOf(offset: number): number {
    let index = this.#segments.length - 1;
    while (index > 0 && (this.#segments[index]?.baseOffset ?? 0) > offset) index--;
    return Math.max(index, 0);
  }
}

export type PartitionStoreOptions = {
  readonly disk: Disk;
  readonly files: OpenFiles;
  /** The partition's own folder. */
  readonly folder: string;
  /** The folders above it that are created with it, innermost first. */
  readonly parentFolders: readonly string[];
  readonly nowMs: number;
};
