import { assert } from '@chat-cluster/kernel';
import type { Disk } from '../disk/disk.ts';
import type { OpenFiles } from '../disk/open-files.ts';
import type { TailBatch } from '../partitions/tail.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { DamagedLog } from './damaged-log.ts';
import { FileRewrite } from './file-rewrite.ts';
import { segmentFileName, segmentOf } from './segment-name.ts';
import { Segment } from './segment.ts';
import type { ClosedSegment, SegmentedLog, SegmentRewrite } from './segmented-log.ts';
import type { SegmentRead } from './select-batches.ts';

/** What a checkpoint says about the files of a partition: enough to know after a crash what counts. */
export type StoreSnapshot = {
  /** Oldest first; the last one is the active segment. */
  readonly segments: readonly {
    readonly baseOffset: number;
    readonly sizeBytes: number;
    /** Left out: 0. */
    readonly generation?: number;
  }[];
  /** The offset after the last batch in the files. */
  readonly endOffset: number;
  /** Everything below it has been cleaned. Left out: 0. */
  readonly firstDirtyOffset?: number;
};

export type SegmentLimits = { readonly segmentBytesMax: number; readonly segmentMs: number };

/**
 * The segment files of one partition: everything below `endOffset`.
 *
 * Only the checkpoint appends, retention removes, the cleaner replaces, any reader reads. What is in the files beyond the
 * last checkpoint is still in the write-ahead log too, so `open` cuts the files back to what the checkpoint says. A file is
 * removed only when no checkpoint names it any more: the checkpoint is what makes a replacement durable, in one step with
 * everything else in it.
 */
export class PartitionStore implements SegmentedLog {
  readonly #disk: Disk;
  readonly #files: OpenFiles;
  readonly #folder: string;
  readonly #parentFolders: readonly string[];
  #isNewFolder: boolean;
  /** Oldest first. Never changed in place: who goes through it sees by its identity whether it is still the one. */
  #segments: readonly Segment[] = [];
  #endOffset: number;
  #firstDirtyOffset: number;
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
    this.#isNewFolder = (snapshot?.segments.length ?? 0) === 0;
    this.#activeSinceMs = options.nowMs;
    this.#endOffset = snapshot?.endOffset ?? 0;
    this.#firstDirtyOffset = snapshot?.firstDirtyOffset ?? 0;
    this.#segments = (snapshot?.segments ?? []).map((segment) => this.#segment(segment));
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

  get firstDirtyOffset(): number {
    return this.#firstDirtyOffset;
  }

  get sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  /** For a checkpoint; segments dropped before this call can be removed once that checkpoint is durable. */
  snapshot(): StoreSnapshot {
    this.#unnamed.push(...this.#dropped.splice(0));
    const segments = this.#segments.map(({ baseOffset, generation, sizeBytes }) => ({
      ...{ baseOffset, generation, sizeBytes },
    }));
    return { segments, endOffset: this.#endOffset, firstDirtyOffset: this.#firstDirtyOffset };
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
  read(wanted: {
    offset: number;
    endOffset: number;
    maxBytes: number;
  }): Promise<SegmentRead | null> {
    return this.#askEach(
      (segments) => segments.slice(indexOf(segments, wanted.offset)),
      (segment) =>
        segment.baseOffset < wanted.endOffset ? segment.read(wanted) : Promise.resolve(null),
    );
  }

  /** The first batch, not ending below `offset`, whose latest time is `timestampMs` or later. */
  findTimestamp(timestampMs: number, offset: number): Promise<RecordBatch | null> {
    return this.#askEach(
      (segments) => segments,
      (segment) => segment.findTimestamp(timestampMs, offset),
    );
  }

  async maxTimestampMs(): Promise<number> {
    let maxTimestampMs = -1;
    await this.#askEach(
      (segments) => segments,
      async (segment) => {
        maxTimestampMs = Math.max(maxTimestampMs, await segment.maxTimestampMs());
        return null;
      },
    );
    return maxTimestampMs;
  }

  /**
   * The offset below which the closed segments are expired: older than `olderThanMs`, or more than is to be kept in
   * `keepBytes`. Null when there is nothing to delete.
   */
  async expiredBelow(limits: { olderThanMs: number; keepBytes: number }): Promise<number | null> {
    const segments = this.#segments;
    let surplusBytes = this.sizeBytes - limits.keepBytes;
    let expiredBelow: number | null = null;
    for (const [index, segment] of segments.slice(0, -1).entries()) {
      surplusBytes -= segment.sizeBytes;
      const isExpired = surplusBytes >= 0 || (await segment.maxTimestampMs()) < limits.olderThanMs;
      if (this.#segments !== segments) return this.expiredBelow(limits);
      if (!isExpired) break;
      expiredBelow = segments[index + 1]?.baseOffset ?? null;
    }
    return expiredBelow;
  }

  closedSegments(): readonly ClosedSegment[] {
    const segments = this.#segments;
    return segments.slice(0, -1).map((segment, index) => ({
      baseOffset: segment.baseOffset,
      endOffset: segments[index + 1]?.baseOffset ?? this.#endOffset,
      sizeBytes: segment.sizeBytes,
      maxTimestampMs: () => segment.maxTimestampMs(),
      batches: (offset) => segment.batches(offset),
    }));
  }

  async rewrite(segments: readonly ClosedSegment[]): Promise<SegmentRewrite> {
    const sources = this.#segments.filter(({ baseOffset }) =>
      segments.some((segment) => segment.baseOffset === baseOffset),
    );
    const baseOffset = segments[0]?.baseOffset;
    assert(baseOffset !== undefined, 'At least one segment is written anew.');
    const generation = 1 + Math.max(0, ...sources.map((source) => source.generation));
    const segment = this.#segment({ baseOffset, generation, sizeBytes: 0 });
    // An attempt before this one may have failed.
    await segment.removeFiles();
    const { disk, folder } = { disk: this.#disk, folder: this.#folder };
    const areAll = sources.length === segments.length;
    return new FileRewrite({
      ...{ disk, folder, segment },
      replaceBy: (by) => areAll && this.#replace(sources, by),
    });
  }

  markClean(offset: number): void {
    this.#firstDirtyOffset = Math.max(this.#firstDirtyOffset, offset);
  }

  /** Lets go of the closed segments that end at or below `offset`. Their files go with `removeDropped`. */
  dropBelow(offset: number): void {
    for (;;) {
      const [first, second] = this.#segments;
      if (first === undefined || second === undefined || second.baseOffset > offset) return;
      this.#segments = this.#segments.slice(1);
      this.#unsynced.delete(first);
      this.#dropped.push(first);
    }
  }

  /** Removes the files of segments that the last durable checkpoint does not name any more. */
  async removeDropped(): Promise<void> {
    for (const segment of this.#unnamed.splice(0)) await segment.remove();
  }

  #segment(segment: StoreSnapshot['segments'][number]): Segment {
    const { disk, files, folder } = { disk: this.#disk, files: this.#files, folder: this.#folder };
    return new Segment({ disk, files, folder, generation: 0, ...segment });
  }

  /** Asks one segment after the other until one has an answer; all anew when their list has changed meanwhile. */
  async #askEach<Answer>(
    chosen: (segments: readonly Segment[]) => readonly Segment[],
    ask: (segment: Segment) => Promise<Answer | null>,
  ): Promise<Answer | null> {
    const segments = this.#segments;
    for (const segment of chosen(segments)) {
      const answer = await ask(segment);
      if (answer !== null) return answer;
      if (this.#segments !== segments) return this.#askEach(chosen, ask);
    }
    return null;
  }

  /** `by` stands for the sources from now on; nothing does if it is empty. False when one of them is gone. */
  #replace(sources: readonly Segment[], by: Segment): boolean {
    const first = this.#segments.indexOf(sources[0] as Segment);
    const areThere = sources.every((source, index) => this.#segments[first + index] === source);
    if (first < 0 || !areThere) return false;
    const replacement = by.sizeBytes > 0 ? [by] : [];
    this.#segments = this.#segments.toSpliced(first, sources.length, ...replacement);
    for (const source of sources) {
      this.#unsynced.delete(source);
      this.#dropped.push(source);
    }
    return true;
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
    this.#segments = [...this.#segments, this.#segment({ baseOffset, sizeBytes: 0 })];
    this.#activeSinceMs = nowMs;
    this.#hasNewFiles = true;
  }

  /** Removes segment files that the checkpoint does not name: begun after it, or being deleted when the process died. */
  async #removeUncheckpointed(): Promise<void> {
    const named = new Set(this.#segments.map((segment) => segmentFileName(segment, 'log')));
    for (const name of await this.#disk.list(this.#folder)) {
      const owner = segmentOf(name);
      if (owner === null || named.has(segmentFileName(owner, 'log'))) continue;
      await this.#disk.remove(`${this.#folder}/${name}`);
    }
  }

  async #requireWhole(segment: Segment): Promise<void> {
    const sizeBytes = await this.#disk.sizeBytes(segment.path);
    const name = segmentFileName(segment, 'log');
    if (sizeBytes === null) throw new DamagedLog(`${segment.path} is missing`);
    if (sizeBytes < segment.sizeBytes) {
      throw new DamagedLog(`${name} has ${sizeBytes} bytes, and ${segment.sizeBytes} were durable`);
    }
  }
}

/** The index of the last segment that starts at or below `offset`. */
function indexOf(segments: readonly Segment[], offset: number): number {
  let index = segments.length - 1;
  while (index > 0 && (segments[index]?.baseOffset ?? 0) > offset) index--;
  return Math.max(index, 0);
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
