import { assert, sleep, type Cancel, type Timers } from '@chat-cluster/kernel';
import { DiskError, type Disk, type DiskFile } from '../disk/disk.ts';
import { encodeGroup, groupSizeBytes, type CommitEntry } from './commit-group.ts';
import {
  StorageFailure,
  type CommitLog,
  type CommitLogState,
  type CommitTarget,
  type DurableTarget,
} from './commit-log.ts';
import type { FlushPolicy } from './flush-policy.ts';
import { FILE_HEADER_BYTES, logFilePath, startLogFile } from './log-file.ts';

/**
 * The size at which the next file is started and a checkpoint is due. What is in the log but not in the segments is
 * also in memory, so this bounds both: about twice this in the usual case, FILES_MAX times this if checkpoints are slow.
 */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Files that wait for a checkpoint; the log takes nothing more until one is released. */
const FILES_MAX = 8;
/** Released files kept to be used again. */
const SPARE_FILES_MAX = 2;
/** A file that a very large group has blown up is not kept. */
const SPARE_FILE_BYTES_MAX = 2 * FILE_BYTES_MAX;
/** A group takes no more entries from here on, so that small requests do not wait for the disk behind large ones. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
const GROUP_ENTRIES_MAX = 20_000;
/** When nothing has come for this long, an empty group is written: it proves that the last one was durable. */
const SEAL_AFTER_MS = 1000;
/** How often to look whether a checkpoint has released a file. */
const RELEASE_POLL_MS = 20;
/** How long to wait before a full disk is tried again. */
const FULL_DISK_RETRY_MS = 500;

/** The entries that are written together. */
type Group = {
  readonly entries: CommitEntry[];
  bodyBytes: number;
  /** Whether somebody waits for it, or will: others go with the next that is. */
  isUrgent: boolean;
  /** For each partition in the group, the offset after its last batch there; likewise for the broker's state. */
  readonly ends: Map<DurableTarget, number>;
  readonly committed: PromiseWithResolvers<void>;
};

type OpenFile = { readonly number: number; readonly firstSequence: number; sizeBytes: number };

export type WriteAheadLogOptions = {
  readonly disk: Disk;
  readonly timers: Timers;
  readonly folder: string;
  /** The sequence number of the first group to write. */
  readonly nextSequence: number;
  /** Files of earlier runs, oldest first: kept until `releaseBefore` says they are not needed. */
  readonly olderFiles: readonly OpenFile[];
  /** Numbers of files that hold nothing any more. */
  readonly spareNumbers: readonly number[];
  /** Called when a file is full: a checkpoint is due. */
  readonly onFileFull: () => void;
  /** Told once when the disk gets full, and once when the log fails. */
  readonly onError: (error: Error) => void;
  /** See FILE_BYTES_MAX, the default. */
  readonly fileBytesMax?: number;
  /** Default: `group`. */
  readonly flush?: FlushPolicy;
};

/**
 * The commit log on disk: one file after the other of groups of entries, one write and, by the default policy, one
 * fdatasync a group.
 *
 * While a group is being written, the next one collects. Each says which groups before it were synced then; a file
 * is synced before the next one is begun. A shared log beats a sync of each partition's own file
 * (36 partitions: 0.3-0.5 instead of 3-6 ms, and a tenth of the CPU; docs/decisions/0002-broker-log.md).
 */
export class WriteAheadLog implements CommitLog {
  readonly #options: WriteAheadLogOptions;
  readonly #fileBytesMax: number;
  #state: CommitLogState = 'open';
  #failure: StorageFailure | null = null;
  /** Groups not being written yet, oldest first; the last one still collects. */
  #waiting: Group[] = [];
  #writing: Group | null = null;
  #loop: Promise<void> | null = null;
  #sequence: number;
  #file: DiskFile | null = null;
  /** Files in use, oldest first; the last one is `#file` if that is open. */
  #files: OpenFile[];
  #spareNumbers: number[];
  #numberNext: number;
  /** Called at the next moment when no group is being written. */
  #atBoundary: ((nextSequence: number) => void)[] = [];
  #isCheckpointBlocked = false;
  /** The number after the last seal; when it is the next one, there is nothing to seal. */
  #sealedSequence: number;
  #cancelSeal: Cancel = () => {};
  /** All groups below this have been synced. */
  #syncedBefore: number;
  /** Called when everything that was written has been synced; a sync is due while there are any. */
  #atSync: PromiseWithResolvers<void>[] = [];
  #cancelSync: Cancel | null = null;

  constructor(options: WriteAheadLogOptions) {
    this.#options = options;
    this.#fileBytesMax = options.fileBytesMax ?? FILE_BYTES_MAX;
    this.#sequence = options.nextSequence;
    this.#sealedSequence = options.nextSequence;
    this.#syncedBefore = options.nextSequence;
    this.#files = options.olderFiles.map((file) => ({ ...file }));
    this.#spareNumbers = [...options.spareNumbers];
    const numbers = [...this.#spareNumbers, ...this.#files.map((file) => file.number)];
    this.#numberNext = Math.max(0, ...numbers) + 1;
  }

  get state(): CommitLogState {
    return this.#state;
  }

  appendBatch(
    target: CommitTarget,
    { baseOffset, endOffset, bytes }: { baseOffset: number; endOffset: number; bytes: Uint8Array },
  ): void {
    const { topicIdBytes, partition } = target;
    const group = this.#append({ kind: 'batch', topicIdBytes, partition, baseOffset, bytes });
    group.ends.set(target, endOffset);
  }

  appendLogStart({ topicIdBytes, partition }: CommitTarget, offset: number): void {
    this.#append({ kind: 'log-start', topicIdBytes, partition, offset });
  }

  appendState(
    target: DurableTarget,
    { index, bytes, isUrgent }: { index: number; bytes: Uint8Array; isUrgent: boolean },
  ): void {
    this.#append({ kind: 'state', index, bytes }, { isUrgent }).ends.set(target, index + 1);
  }

  durable(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    this.#hurry();
    const last = this.#waiting.at(-1) ?? this.#writing;
    return last === null ? Promise.resolve() : last.committed.promise;
  }

  /**
   * Calls back, at once or when the group under way is durable, at a moment when exactly the groups below
   * `nextSequence` are durable and all their partitions have been told. The moment for a checkpoint's snapshot.
   */
  atBoundary(callback: (nextSequence: number) => void): void {
    if (this.#writing === null) callback(this.#sequence);
    else this.#atBoundary.push(callback);
  }

  /**
   * Resolved when all groups that have been written by now are synced, whatever the policy.
   *
   * @throws (rejects) StorageFailure when they never will be in this run
   */
  async synced(): Promise<void> {
    const sequence = this.#sequence;
    while (this.#syncedBefore < sequence) {
      if (this.#failure !== null) throw this.#failure;
      const sync = Promise.withResolvers<void>();
      this.#atSync.push(sync);
      this.#loop ??= this.#writeGroups();
      await sync.promise;
    }
  }

  /** Everything in groups below `sequence` is durable elsewhere: their files can be used again. */
  async releaseBefore(sequence: number): Promise<void> {
    for (;;) {
      const [first, second] = this.#files;
      const isCurrent = first === this.#files.at(-1) && this.#file !== null;
      const endSequence = second?.firstSequence ?? this.#sequence;
      if (first === undefined || isCurrent || endSequence > sequence) break;
      this.#files.shift();
      await this.#keepOrRemove(first);
    }
  }

  /** Whether checkpoints fail because the disk is full: then the log says so when it runs out of files. */
  setCheckpointBlocked(isBlocked: boolean): void {
    this.#isCheckpointBlocked = isBlocked;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelSeal();
    this.#cancelSync?.();
    this.#hurry();
    await this.#loop;
    if (this.#failure === null) await this.#sync();
    await this.#file?.close();
    this.#file = null;
  }

  #append(entry: CommitEntry, { isUrgent = true } = {}): Group {
    const isTaken = this.#state === 'open' || (this.#state === 'full' && entry.kind === 'state');
    assert(isTaken, 'Entries are appended to an open log only, but for those of the state.');
    let group = this.#waiting.at(-1);
    if (
      group === undefined ||
      group.bodyBytes >= GROUP_BYTES_MAX ||
      group.entries.length >= GROUP_ENTRIES_MAX
    ) {
      group = newGroup();
      this.#waiting.push(group);
    }
    group.entries.push(entry);
    if (entry.kind !== 'log-start') group.bodyBytes += entry.bytes.byteLength;
    if (isUrgent) this.#hurry();
    return group;
  }

  /** Sees to it that all groups that wait are written. */
  #hurry(): void {
    const last = this.#waiting.at(-1);
    if (last === undefined) return;
    last.isUrgent = true;
    this.#loop ??= this.#writeGroups();
  }

  async #writeGroups(): Promise<void> {
    // Everything that this turn of the event loop reads from its sockets shall be in the first group.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#atSync.length > 0 || this.#waiting.some((group) => group.isUrgent)) {
      try {
        if (this.#atSync.length > 0) await this.#sync();
        else await this.#writeNextGroup();
      } catch (error) {
        this.#fail(error);
      }
    }
    this.#loop = null;
    this.#sealLater();
  }

  /**
   * Damage to the last group looks like a group that was cut off while it was written. So the last group does not stay
   * the last for long.
   */
  #sealLater(): void {
    this.#cancelSeal();
    const isSealed = this.#sealedSequence === this.#sequence || this.#flush !== 'group';
    if (this.#state !== 'open' || isSealed) return;
    this.#cancelSeal = this.#options.timers.after(SEAL_AFTER_MS, () => {
      if (this.#state !== 'open' || this.#loop !== null) return;
      if (this.#waiting.length === 0) this.#waiting.push(newGroup());
      this.#sealedSequence = this.#sequence + this.#waiting.length;
      this.#hurry();
    });
  }

  async #writeNextGroup(): Promise<void> {
    const bytes = sizeOf(this.#waiting[0]);
    await this.#retryWhileFull(() => this.#makeRoom(bytes));
    // Not before here: what came while a file was started shall be in the group too.
    const group = this.#waiting.shift();
    assert(group !== undefined, 'A group waits when the loop takes one.');
    this.#writing = group;
    await this.#retryWhileFull(() => this.#writeGroup(group));
    this.#sequence++;
    this.#writing = null;
    for (const [target, endOffset] of group.ends) target.advance(endOffset);
    group.committed.resolve();
    for (const callback of this.#atBoundary.splice(0)) callback(this.#sequence);
  }

  async #writeGroup(group: Group): Promise<void> {
    const file = this.#file;
    const entry = this.#files.at(-1);
    assert(
      file !== null && entry !== undefined,
      'There is a file with room before a group is written.',
    );
    const numbers = { sequence: this.#sequence, syncedBefore: this.#syncedBefore };
    await file.write(encodeGroup(numbers, group.entries), entry.sizeBytes);
    if (this.#flush === 'group') {
      await file.sync();
      this.#syncedBefore = this.#sequence + 1;
    } else if (this.#flush !== 'os') {
      this.#syncWithin(this.#flush.intervalMs);
    }
    entry.sizeBytes += sizeOf(group);
  }

  /** Syncs all groups that have been written. Between two of them: nothing is written meanwhile. */
  async #sync(): Promise<void> {
    if (this.#syncedBefore < this.#sequence) await this.#file?.sync();
    this.#syncedBefore = this.#sequence;
    this.#cancelSync?.();
    this.#cancelSync = null;
    for (const { resolve } of this.#atSync.splice(0)) resolve();
  }

  #syncWithin(intervalMs: number): void {
    this.#cancelSync ??= this.#options.timers.after(intervalMs, () => {
      this.#cancelSync = null;
      // A failure is told by the log itself.
      void this.synced().catch(() => {});
    });
  }

  get #flush(): FlushPolicy {
    return this.#options.flush ?? 'group';
  }

  /** Starts a new file when the open one is too full for `bytes`, waiting for a checkpoint if there are too many. */
  async #makeRoom(bytes: number): Promise<void> {
    const current = this.#files.at(-1);
    if (this.#file !== null && current !== undefined) {
      const isEmpty = current.sizeBytes === FILE_HEADER_BYTES;
      if (isEmpty || current.sizeBytes + bytes <= this.#fileBytesMax) return;
      await this.#sync();
      await this.#file.close();
      this.#file = null;
      this.#options.onFileFull();
    }
    while (this.#files.length >= FILES_MAX) {
      if (this.#isCheckpointBlocked && this.#state === 'open') this.#state = 'full';
      if (this.#isCheckpointBlocked && this.#state === 'closed') throw noCheckpoint();
      await sleep(this.#options.timers, RELEASE_POLL_MS);
    }
    await this.#startFile();
  }

  async #startFile(): Promise<void> {
    const { disk, folder } = this.#options;
    const header = { number: this.#numberNext, firstSequence: this.#sequence };
    const recycledNumber = this.#spareNumbers.shift() ?? null;
    this.#file = await startLogFile(disk, { folder, header, recycledNumber });
    this.#numberNext++;
    this.#files.push({ ...header, sizeBytes: FILE_HEADER_BYTES });
  }

  async #keepOrRemove({ number, sizeBytes }: OpenFile): Promise<void> {
    const { disk, folder } = this.#options;
    if (this.#spareNumbers.length < SPARE_FILES_MAX && sizeBytes <= SPARE_FILE_BYTES_MAX) {
      this.#spareNumbers.push(number);
    } else {
      await disk.remove(logFilePath(folder, number));
    }
  }

  /** Repeats a step that a full disk stopped until there is room. Each step writes where it wrote before. */
  async #retryWhileFull(step: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await step();
        if (this.#state === 'full') this.#state = 'open';
        return;
      } catch (error) {
        if (!(error instanceof DiskError) || error.code !== 'no-space') throw error;
        if (this.#state === 'closed') throw error;
        if (this.#state !== 'full') this.#options.onError(error);
        this.#state = 'full';
      }
      await sleep(this.#options.timers, FULL_DISK_RETRY_MS);
    }
  }

  #fail(cause: unknown): void {
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#failure = new StorageFailure(
      `The log cannot be written any more: ${message}. Restart the broker when the disk is mended.`,
      { cause },
    );
    this.#state = 'failed';
    this.#options.onError(this.#failure);
    const lost = [this.#writing, ...this.#waiting.splice(0)];
    this.#writing = null;
    for (const waited of [...lost.map((group) => group?.committed), ...this.#atSync.splice(0)]) {
      waited?.promise.catch(() => {}); // nobody may be waiting for it
      waited?.reject(this.#failure);
    }
  }
}

function noCheckpoint(): DiskError {
  return new DiskError('failed', 'checkpoints fail, and there is no room for more of the log');
}

function newGroup(): Group {
  return {
    ...{ entries: [], bodyBytes: 0, isUrgent: false, ends: new Map<DurableTarget, number>() },
    committed: Promise.withResolvers<void>(),
  };
}

function sizeOf(group: Group | undefined): number {
  return group === undefined
    ? 0
    : groupSizeBytes({ entriesCount: group.entries.length, bodyBytes: group.bodyBytes });
}
