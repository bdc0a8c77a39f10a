import type { Timers } from '@chat-cluster/kernel';
import type { Disk } from '../disk/disk.ts';
import { OpenFiles } from '../disk/open-files.ts';
import type { RecoveredEntry } from '../partitions/partition-snapshot.ts';
import type { Partition } from '../partitions/partition.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import { PartitionStore, type PartitionStoreOptions } from '../segments/partition-store.ts';
import type { CommitEntry, ReadEntry } from '../write-ahead-log/commit-group.ts';
import type { FlushPolicy } from '../write-ahead-log/flush-policy.ts';
import { recoverLog } from '../write-ahead-log/recover-log.ts';
import { WriteAheadLog } from '../write-ahead-log/write-ahead-log.ts';
import { partitionKey, readCheckpoint, type Checkpoint } from './checkpoint-file.ts';
import { Checkpointer } from './checkpointer.ts';
import { StateLog } from './state-log.ts';
import type { RecoveredPartition, Storage, StoredPartition } from './storage.ts';

/** As much of a topic's name as fits a file name beside its id. */
const TOPIC_NAME_IN_PATH_MAX = 200;
/** A topic's folder gets this suffix before it is removed, so that a crash half way leaves no half topic. */
const DELETED_SUFFIX = '.deleted';

export type DiskStorageOptions = {
  readonly disk: Disk;
  readonly folder: string;
  readonly timers: Timers;
  readonly wallMs: () => number;
  /** Told of failures that need a person: a disk that is full, or that fails. */
  readonly onError: (error: Error) => void;
  /** Default: `group`. */
  readonly flush?: FlushPolicy;
  /** The size of a file of the write-ahead log; for tests. Default: as in `WriteAheadLog`. */
  readonly logFileBytesMax?: number;
};

/**
 * Opens the files of a data folder and reads what its last run left.
 *
 *     checkpoint       what is durable outside the write-ahead log
 *     state-<n>        the broker's own state: topics, groups, transactions
 *     wal/<n>.wal      the write-ahead log
 *     topics/<name>~<topic id>/<partition>/<first offset>.log and .idx
 *
 * @throws DamagedLog, DiskError
 */
export async function openDiskStorage(options: DiskStorageOptions): Promise<Storage> {
  const { disk, folder } = options;
  const checkpoint = await readCheckpoint(disk, folder);
  const walFolder = `${folder}/wal`;
  await disk.makeFolder(walFolder);
  await disk.syncFolder(folder);
  const recovered = await recoverLog(disk, {
    folder: walFolder,
    fromSequence: checkpoint.sequence,
  });
  const storage = new DiskStorage(options, { checkpoint, recovered, walFolder });
  await storage.removeDeletedTopics();
  return storage;
}

class DiskStorage implements Storage {
  readonly commitLog: WriteAheadLog;
  readonly stateLog: StateLog;
  readonly #options: DiskStorageOptions;
  readonly #files: OpenFiles;
  readonly #checkpoint: Checkpoint;
  readonly #checkpointer: Checkpointer;
  /** What the write-ahead log holds of each partition; taken out when the partition is recovered. */
  readonly #recovered: Map<string, RecoveredEntry[]>;
  readonly #hasRecoveredEntries: boolean;

  constructor(
    options: DiskStorageOptions,
    of: {
      checkpoint: Checkpoint;
      recovered: Awaited<ReturnType<typeof recoverLog>>;
      walFolder: string;
    },
  ) {
    const { disk, folder, timers, onError } = options;
    const { recovered, checkpoint } = of;
    this.#options = options;
    this.#files = new OpenFiles(disk);
    this.#checkpoint = checkpoint;
    this.#recovered = entriesByPartition(recovered.entries);
    this.#hasRecoveredEntries = recovered.entries.length > 0;
    this.commitLog = new WriteAheadLog({
      ...{ disk, timers, folder: of.walFolder },
      nextSequence: recovered.nextSequence,
      olderFiles: recovered.files,
      spareNumbers: recovered.spareNumbers,
      onFileFull: () => this.#checkpointer.request(),
      onError,
      ...(options.logFileBytesMax === undefined ? {} : { fileBytesMax: options.logFileBytesMax }),
      ...(options.flush === undefined ? {} : { flush: options.flush }),
    });
    this.stateLog = new StateLog({
      ...{ disk, folder, commitLog: this.commitLog },
      requestCheckpoint: () => this.#checkpointer.request(),
      stored: checkpoint.state,
      recovered: stateRecords(recovered.entries),
    });
    this.#checkpointer = new Checkpointer({
      ...{ disk, folder, timers, onError },
      log: this.commitLog,
      stateLog: this.stateLog,
      stored: checkpoint.partitions,
    });
  }

  newStore(partition: StoredPartition): PartitionStore {
    return PartitionStore.create(this.#storeOptions(partition));
  }

  async recover(partition: StoredPartition): Promise<RecoveredPartition> {
    const key = partitionKey(partition);
    const checkpoint = this.#checkpoint.partitions[key] ?? null;
    const entries = this.#recovered.get(key) ?? [];
    this.#recovered.delete(key);
    try {
      const snapshot = checkpoint?.store ?? null;
      const store = await PartitionStore.open(this.#storeOptions(partition), snapshot);
      return { store, checkpoint, entries, failure: null };
    } catch (error) {
      if (!(error instanceof DamagedLog)) throw error;
      const store = this.newStore(partition);
      return { store, checkpoint, entries: [], failure: error.message };
    }
  }

  markChanged(partition: Partition): void {
    this.#checkpointer.markChanged(partition);
  }

  requestCheckpoint(): void {
    this.#checkpointer.request();
  }

  async removeTopic({ topicId, topicName }: { topicId: string; topicName: string }): Promise<void> {
    const { disk } = this.#options;
    const folder = this.#topicFolder(topicId, topicName);
    this.#checkpointer.forgetTopic(topicId);
    // A checkpoint under way may be writing this topic's files, and forgets nothing that it has begun with.
    await this.#checkpointer.idle();
    this.#checkpointer.forgetTopic(topicId);
    this.#files.forgetFolder(folder);
    await disk.rename(folder, `${folder}${DELETED_SUFFIX}`).catch(() => {}); // it never had a file
    await disk.remove(`${folder}${DELETED_SUFFIX}`);
  }

  /** Finishes the removal of topics that a crash interrupted. */
  async removeDeletedTopics(): Promise<void> {
    const { disk, folder } = this.#options;
    for (const name of await disk.list(`${folder}/topics`)) {
      if (name.endsWith(DELETED_SUFFIX)) await disk.remove(`${folder}/topics/${name}`);
    }
  }

  start(): void {
    // What is left belongs to topics that were deleted later in the log.
    this.#recovered.clear();
    if (this.#hasRecoveredEntries) this.#checkpointer.request();
  }

  async close(): Promise<void> {
    await this.commitLog.close();
    await this.#checkpointer.close();
    await this.#files.close();
  }

  #storeOptions({ topicId, topicName, partition }: StoredPartition): PartitionStoreOptions {
    const { disk, folder, wallMs } = this.#options;
    const topicFolder = this.#topicFolder(topicId, topicName);
    return {
      disk,
      files: this.#files,
      folder: `${topicFolder}/${partition}`,
      parentFolders: [topicFolder, `${folder}/topics`, folder],
      nowMs: wallMs(),
    };
  }

  #topicFolder(topicId: string, topicName: string): string {
    const name = topicName.slice(0, TOPIC_NAME_IN_PATH_MAX);
    return `${this.#options.folder}/topics/${name}~${topicId}`;
  }
}

function entriesByPartition(entries: readonly ReadEntry[]): Map<string, RecoveredEntry[]> {
  const byPartition = new Map<string, RecoveredEntry[]>();
  for (const { entry, isIntact } of entries) {
    if (entry.kind === 'state') continue;
    const topicId = Buffer.from(entry.topicIdBytes).toString('base64url');
    const key = partitionKey({ topicId, partition: entry.partition });
    const list = byPartition.get(key) ?? [];
    byPartition.set(key, list);
    list.push(recoveredEntry(entry, isIntact));
  }
  return byPartition;
}

function recoveredEntry(
  entry: Exclude<CommitEntry, { kind: 'state' }>,
  isIntact: boolean,
): RecoveredEntry {
  if (entry.kind === 'log-start') return { kind: 'log-start', offset: entry.offset };
  const { baseOffset, bytes } = entry;
  return isIntact ? { kind: 'batch', baseOffset, bytes } : { kind: 'damaged', baseOffset };
}

/** @throws DamagedLog: without its own state, the broker cannot know what its topics and transactions are */
function stateRecords(
  entries: readonly ReadEntry[],
): { readonly index: number; readonly bytes: Uint8Array }[] {
  const records = [];
  for (const { entry, isIntact } of entries) {
    if (entry.kind !== 'state') continue;
    if (!isIntact) {
      throw new DamagedLog(
        `the write-ahead log is damaged at record ${entry.index} of the state of the broker; ` +
          'restore the data folder from a backup',
      );
    }
    records.push({ index: entry.index, bytes: entry.bytes });
  }
  return records;
}
