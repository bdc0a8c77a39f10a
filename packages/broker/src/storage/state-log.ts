import { assert } from '@chat-cluster/kernel';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import type { DurableLog } from '../state-journal/durable-log.ts';
import { JournalError } from '../state-journal/journal-error.ts';
import { crc32c } from '../wire/crc32c.ts';
import type { CommitLog, DurableTarget } from '../write-ahead-log/commit-log.ts';
import type { StateCheckpoint } from './checkpoint-file.ts';

/** length:uint32 crc:uint32 in front of each record in a file. */
const FRAME_BYTES = 8;

type NumberedRecord = { readonly index: number; readonly bytes: Uint8Array };

/** A snapshot on disk that the next checkpoint shall name. */
type Replacement = StateCheckpoint & { readonly installed: PromiseWithResolvers<void> };

/**
 * The log of the broker's own state: its records become durable in the write-ahead log, in one order with the batches
 * of all partitions, and move to a file of their own with each checkpoint.
 */
export class StateLog implements DurableLog, DurableTarget {
  /** A batch appended after a record is durable only if the record is: both are in the one commit log. */
  readonly precedesPartitions = true;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #commitLog: CommitLog;
  readonly #requestCheckpoint: () => void;
  /** What the last checkpoint said, and how far the file has been written since. */
  #stored: StateCheckpoint;
  /** Records that are not in the file yet, oldest first. */
  #unstored: NumberedRecord[];
  #indexNext: number;
  #durableIndex: number;
  #sizeBytes = 0;
  #replacement: Replacement | null = null;
  /** The first record that is not in the snapshot being made: later ones are kept for its file. */
  #replacingFrom = Infinity;
  #isReplayed = false;

  constructor(of: {
    disk: Disk;
    folder: string;
    commitLog: CommitLog;
    requestCheckpoint: () => void;
    stored: StateCheckpoint;
    /** The records that the write-ahead log holds, oldest first. */
    recovered: readonly NumberedRecord[];
  }) {
    this.#disk = of.disk;
    this.#folder = of.folder;
    this.#commitLog = of.commitLog;
    this.#requestCheckpoint = of.requestCheckpoint;
    this.#stored = of.stored;
    this.#unstored = of.recovered.filter((record) => record.index >= of.stored.index);
    this.#indexNext = of.stored.index + this.#unstored.length;
    this.#durableIndex = this.#indexNext;
  }

  get isFull(): boolean {
    return this.#commitLog.state === 'full';
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async replay(onRecord: (bytes: Uint8Array) => void): Promise<void> {
    assert(!this.#isReplayed, 'The state is replayed once.');
    this.#isReplayed = true;
    const { fileNumber, sizeBytes } = this.#stored;
    const stored = await this.#readFile({ fileNumber, sizeBytes });
    for (const bytes of [...stored, ...this.#unstored.map((record) => record.bytes)]) {
      this.#sizeBytes += bytes.byteLength;
      onRecord(bytes);
    }
  }

  append(bytes: Uint8Array): Promise<void> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    this.#append(bytes, { isUrgent: true });
    return this.durable();
  }

  appendLazily(bytes: Uint8Array): void {
    if (this.#refusal() === null) this.#append(bytes, { isUrgent: false });
  }

  async durable(): Promise<void> {
    try {
      await this.#commitLog.durable();
    } catch (cause) {
      throw new JournalError('failed', 'The state of the broker could not be written.', { cause });
    }
  }

  async replaceWith(snapshot: readonly Uint8Array[]): Promise<void> {
    assert(this.#replacingFrom === Infinity, 'The state is replaced once at a time.');
    const index = this.#indexNext;
    this.#replacingFrom = index;
    this.#sizeBytes = 0;
    try {
      // The snapshot tells of changes that may not be durable yet: it must not become so before them.
      await this.durable();
      const fileNumber = this.#stored.fileNumber + 1;
      const sizeBytes = await this.#writeSnapshot(fileNumber, snapshot);
      const installed = Promise.withResolvers<void>();
      this.#replacement = { fileNumber, sizeBytes, index, installed };
      this.#requestCheckpoint();
      await installed.promise;
    } finally {
      this.#replacingFrom = Infinity;
    }
  }

  async close(): Promise<void> {
    await this.durable();
  }

  advance(offset: number): void {
    this.#durableIndex = offset;
  }

  /** How far the state is durable at this moment; called when no group is being written. */
  snapshot(): { readonly durableIndex: number; readonly replacement: StateCheckpoint | null } {
    return { durableIndex: this.#durableIndex, replacement: this.#replacement };
  }

  /** Writes the durable records into the file, durably. */
  async writeFile({
    durableIndex,
    replacement,
  }: ReturnType<StateLog['snapshot']>): Promise<StateCheckpoint> {
    const start = replacement ?? this.#stored;
    const records = this.#unstored.filter(
      ({ index }) => index >= start.index && index < durableIndex,
    );
    const chunks = records.flatMap(({ bytes }) => [frameOf(bytes), bytes]);
    if (chunks.length > 0) {
      await this.#withFile(start.fileNumber, async (file) => {
        await file.write(chunks, start.sizeBytes);
        await file.sync();
      });
      if (start.sizeBytes === 0) await this.#disk.syncFolder(this.#folder);
    }
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, start.sizeBytes);
    return { fileNumber: start.fileNumber, sizeBytes, index: Math.max(durableIndex, start.index) };
  }

  /** The checkpoint that names this is durable. */
  async afterCheckpoint(stored: StateCheckpoint): Promise<void> {
    const before = this.#stored;
    this.#stored = stored;
    const isInstalled = before.fileNumber !== stored.fileNumber;
    // This checkpoint may be one that was begun before the snapshot was written: its records are in the old file.
    const keptFrom = isInstalled ? stored.index : Math.min(stored.index, this.#replacingFrom);
    this.#unstored = this.#unstored.filter((record) => record.index >= keptFrom);
    if (!isInstalled) return;
    this.#replacement?.installed.resolve();
    this.#replacement = null;
    await this.#disk.remove(this.#path(before.fileNumber));
  }

  #append(bytes: Uint8Array, { isUrgent }: { isUrgent: boolean }): void {
    const record = { index: this.#indexNext++, bytes };
    this.#sizeBytes += bytes.byteLength;
    this.#unstored.push(record);
    this.#commitLog.appendState(this, { ...record, isUrgent });
  }

  #refusal(): JournalError | null {
    const { state } = this.#commitLog;
    if (state === 'failed') return new JournalError('failed', 'The log takes no writes any more.');
    return state === 'closed' ? new JournalError('closed', 'The broker is stopping.') : null;
  }

  async #writeSnapshot(fileNumber: number, records: readonly Uint8Array[]): Promise<number> {
    const chunks = records.flatMap((bytes) => [frameOf(bytes), bytes]);
    await this.#disk.remove(this.#path(fileNumber));
    await this.#withFile(fileNumber, async (file) => {
      await file.write(chunks, 0);
      await file.sync();
    });
    await this.#disk.syncFolder(this.#folder);
    return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  }

  async #readFile({
    fileNumber,
    sizeBytes,
  }: {
    fileNumber: number;
    sizeBytes: number;
  }): Promise<Uint8Array[]> {
    if (sizeBytes === 0) return [];
    const path = this.#path(fileNumber);
    const bytes = (await this.#disk.readFile(path)) ?? Buffer.alloc(0);
    const records: Uint8Array[] = [];
    let at = 0;
    while (at < sizeBytes) {
      const end =
        at + FRAME_BYTES + (bytes.byteLength < at + FRAME_BYTES ? 0 : bytes.readUInt32BE(at));
      const record = bytes.subarray(at + FRAME_BYTES, end);
      if (end > bytes.byteLength || crc32c(record) !== bytes.readUInt32BE(at + 4)) {
        throw new DamagedLog(
          `${path} is damaged at byte ${at}; restore the data folder from a backup`,
        );
      }
      records.push(record);
      at = end;
    }
    return records;
  }

  async #withFile(fileNumber: number, work: (file: DiskFile) => Promise<void>): Promise<void> {
    const file = await this.#disk.open(this.#path(fileNumber));
    try {
      await work(file);
    } finally {
      await file.close();
    }
  }

  #path(fileNumber: number): string {
    return `${this.#folder}/state-${String(fileNumber).padStart(10, '0')}`;
  }
}

function frameOf(bytes: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32BE(bytes.byteLength, 0);
  frame.writeUInt32BE(crc32c(bytes), 4);
  return frame;
}
