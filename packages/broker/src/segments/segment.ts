import type { Disk } from '../disk/disk.ts';
import type { OpenFiles } from '../disk/open-files.ts';
import type { TailBatch } from '../partitions/tail.ts';
import { BATCH_HEADER_BYTES, RecordBatch, batchSizeBytes } from '../wire/record-batch.ts';
import { DamagedLog } from './damaged-log.ts';
import { SegmentIndex } from './segment-index.ts';
import { segmentFileName } from './segment-name.ts';
import { SegmentRemoved } from './segment-removed.ts';
import { selectBatches, type SegmentRead } from './select-batches.ts';

/** The most that one read from a segment takes into memory, unless a single batch is larger. */
const READ_BYTES_MAX = 1024 * 1024;
/** Read beyond the wanted bytes, because a read starts at an index entry before the wanted batch. */
const READ_MARGIN_BYTES = 8192;
const SCAN_BLOCK_BYTES = 1024 * 1024;
/** Relative offsets are kept in 32 bits. */
const OFFSETS_PER_SEGMENT_MAX = 2 ** 31;

/**
 * One file of a partition's log: record batches one after the other, named after its first offset.
 *
 * It is written only by the checkpoint, with batches that the write-ahead log holds, and synced before the write-ahead
 * log lets go of them; or by the cleaner, whole, before a checkpoint names it. `sizeBytes` is the length that counts; a
 * file may be longer after a crash. The index is loaded from its file, or built by a scan that checks every batch, when
 * it is first needed.
 */
export class Segment {
  readonly baseOffset: number;
  /** How often the cleaner has written it anew. In a segment that it has, batches may have gaps between them. */
  readonly generation: number;
  readonly path: string;
  readonly #disk: Disk;
  readonly #files: OpenFiles;
  readonly #folder: string;
  #sizeBytes: number;
  #index: Promise<SegmentIndex> | null;
  #readersCount = 0;
  #isRemoved = false;

  constructor(options: {
    disk: Disk;
    files: OpenFiles;
    folder: string;
    baseOffset: number;
    generation: number;
    /** 0 for a new segment. */
    sizeBytes: number;
  }) {
    this.#disk = options.disk;
    this.#files = options.files;
    this.#folder = options.folder;
    this.baseOffset = options.baseOffset;
    this.generation = options.generation;
    this.path = `${options.folder}/${segmentFileName(options, 'log')}`;
    this.#sizeBytes = options.sizeBytes;
    this.#index = options.sizeBytes === 0 ? Promise.resolve(this.#emptyIndex()) : null;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Whether the batch, behind `pendingBytes` of others, still fits a segment of at most `segmentBytesMax`. */
  hasRoomFor(
    batch: TailBatch,
    { pendingBytes, segmentBytesMax }: { pendingBytes: number; segmentBytesMax: number },
  ): boolean {
    const usedBytes = this.#sizeBytes + pendingBytes;
    if (usedBytes === 0) return true;
    if (batch.lastOffset - this.baseOffset >= OFFSETS_PER_SEGMENT_MAX) return false;
    return usedBytes + batch.bytes.byteLength <= segmentBytesMax;
  }

  /** Writes batches at the end; not durable before `sync`. After a failure the same batches can be appended again. */
  async append(batches: readonly TailBatch[]): Promise<void> {
    const index = await this.#loadedIndex();
    const chunks = batches.map((batch) => batch.bytes);
    await this.#files.use(this.path, (file) => file.write(chunks, this.#sizeBytes));
    for (const { baseOffset, maxTimestampMs, bytes } of batches) {
      index.add({ baseOffset, maxTimestampMs, position: this.#sizeBytes });
      this.#sizeBytes += bytes.byteLength;
    }
  }

  async sync(): Promise<void> {
    await this.#files.use(this.path, (file) => file.sync());
  }

  /** Writes the index beside a segment that gets no more batches. It need not be durable: it can be built again. */
  async writeIndex(): Promise<void> {
    const index = await this.#loadedIndex();
    const file = await this.#disk.open(this.#indexPath);
    try {
      const bytes = index.encode(this.#sizeBytes);
      await file.truncate(bytes.byteLength);
      await file.write([bytes], 0);
    } finally {
      await file.close();
    }
  }

  /**
   * Batches from the one that holds `offset` on (or the first after it), ending below `endOffset`, within `maxBytes`
   * and READ_BYTES_MAX; the first one is given even if it alone is larger. Null when there is none.
   */
  read(wanted: {
    offset: number;
    endOffset: number;
    maxBytes: number;
  }): Promise<SegmentRead | null> {
    return this.#reading(() => this.#read(wanted));
  }

  async #read(wanted: {
    offset: number;
    endOffset: number;
    maxBytes: number;
  }): Promise<SegmentRead | null> {
    const index = await this.#loadedIndex();
    const maxBytes = Math.min(wanted.maxBytes, READ_BYTES_MAX);
    let position = index.positionOf(wanted.offset);
    let blockBytes = maxBytes + READ_MARGIN_BYTES;
    const mayHaveGaps = this.generation > 0;
    while (position < this.#sizeBytes) {
      const block = await this.#readBlock(position, blockBytes);
      const selection = selectBatches(block, { ...wanted, maxBytes, mayHaveGaps });
      if (selection.kind === 'batches') return selection.read;
      if (selection.kind === 'none') return null;
      position += selection.at;
      blockBytes = Math.max(selection.batchBytes, maxBytes);
      if (selection.kind === 'damaged' || position + selection.batchBytes > this.#sizeBytes) {
        throw this.#damagedAt(position, 'no whole batch');
      }
    }
    return null;
  }

  /** The first batch with records, not ending below `offset`, whose latest time is `timestampMs` or later, or null. */
  findTimestamp(timestampMs: number, offset: number): Promise<RecordBatch | null> {
    return this.#reading(async () => {
      const index = await this.#loadedIndex();
      const timePosition = index.positionOfTimestamp(timestampMs);
      if (timePosition === null) return null;
      const position = Math.max(timePosition, index.positionOf(offset));
      for await (const { batch } of this.#scan(position)) {
        const isEarlier = batch.maxTimestampMs < timestampMs || batch.recordsCount === 0;
        if (batch.lastOffset >= offset && !isEarlier) {
          return new RecordBatch(Buffer.from(batch.bytes));
        }
      }
      return null;
    });
  }

  /** The latest record time, -1 when there is none. */
  maxTimestampMs(): Promise<number> {
    return this.#reading(async () => (await this.#loadedIndex()).maxTimestampMs);
  }

  /** As `ClosedSegment.batches`. */
  async *batches(offset = this.baseOffset): AsyncGenerator<RecordBatch> {
    this.#enter();
    try {
      const index = await this.#loadedIndex();
      for await (const { batch } of this.#scan(index.positionOf(offset))) {
        if (batch.lastOffset >= offset) yield batch;
      }
    } finally {
      await this.#leave();
    }
  }

  /** Removes the files: at once, or when the last of those who read them has finished. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.#removeIfUnread();
  }

  async #reading<Value>(read: () => Promise<Value>): Promise<Value> {
    this.#enter();
    try {
      return await read();
    } finally {
      await this.#leave();
    }
  }

  /** @throws SegmentRemoved */
  #enter(): void {
    if (this.#isRemoved) throw new SegmentRemoved(`${this.path} has been removed`);
    this.#readersCount++;
  }

  async #leave(): Promise<void> {
    this.#readersCount--;
    // A file that stays behind is removed by the next start.
    if (this.#isRemoved) await this.#removeIfUnread().catch(() => {});
  }

  async #removeIfUnread(): Promise<void> {
    if (this.#isRemoved && this.#readersCount === 0) await this.removeFiles();
  }

  /** Removes what a segment of this name has left that never came to be one. */
  async removeFiles(): Promise<void> {
    this.#files.forget(this.path);
    await this.#disk.remove(this.#indexPath);
    await this.#disk.remove(this.path);
  }

  get #indexPath(): string {
    return `${this.#folder}/${segmentFileName(this, 'idx')}`;
  }

  #loadedIndex(): Promise<SegmentIndex> {
    if (this.#index === null) {
      this.#index = this.#loadIndex();
      // A read that failed is tried again by the next reader.
      this.#index.catch(() => (this.#index = null));
    }
    return this.#index;
  }

  async #loadIndex(): Promise<SegmentIndex> {
    const bytes = await this.#disk.readFile(this.#indexPath);
    const about = { baseOffset: this.baseOffset, segmentBytes: this.#sizeBytes };
    const index = bytes === null ? null : SegmentIndex.decode(bytes, about);
    if (index !== null) return index;
    const rebuilt = this.#emptyIndex();
    for await (const { batch, position } of this.#scan(0)) {
      const { baseOffset, maxTimestampMs } = storedBatch(batch);
      rebuilt.add({ baseOffset, maxTimestampMs, position });
    }
    return rebuilt;
  }

  /** Every batch from `start` on, checked. The bytes of a batch are only valid until the next one is asked for. */
  async *#scan(start: number): AsyncGenerator<{ batch: RecordBatch; position: number }> {
    let position = start;
    let nextOffset: number | null = start === 0 ? this.baseOffset : null;
    let blockBytes = SCAN_BLOCK_BYTES;
    while (position < this.#sizeBytes) {
      const block = await this.#readBlock(position, blockBytes);
      let at = 0;
      for (;;) {
        const sizeBytes = this.#checkedSizeBytes(block, { at, position });
        if (sizeBytes > block.byteLength - at) {
          blockBytes = Math.max(sizeBytes, SCAN_BLOCK_BYTES);
          break;
        }
        const batch = new RecordBatch(block.subarray(at, at + sizeBytes));
        if (!this.#isInPlace(batch, nextOffset)) {
          throw this.#damagedAt(position + at, 'not the batch that was written');
        }
        nextOffset = batch.lastOffset + 1;
        yield { batch, position: position + at };
        at += sizeBytes;
        if (at === block.byteLength) break;
      }
      position += at;
    }
  }

  /** `nextOffset`: the offset after the batch before it, or null where that is not known. */
  #isInPlace(batch: RecordBatch, nextOffset: number | null): boolean {
    const { baseOffset } = batch;
    const expected = nextOffset ?? baseOffset;
    if (this.generation === 0) return batch.isIntactAt(expected);
    return baseOffset >= expected && batch.isIntactAt(baseOffset);
  }

  #checkedSizeBytes(block: Buffer, { at, position }: { at: number; position: number }): number {
    const left = this.#sizeBytes - position - at;
    const sizeBytes = batchSizeBytes(block, at) ?? BATCH_HEADER_BYTES;
    if (sizeBytes < BATCH_HEADER_BYTES || sizeBytes > left) {
      throw this.#damagedAt(position + at, 'no whole batch');
    }
    return sizeBytes;
  }

  async #readBlock(position: number, bytes: number): Promise<Buffer> {
    const block = Buffer.allocUnsafe(Math.min(bytes, this.#sizeBytes - position));
    const readBytes = await this.#files.use(this.path, (file) => file.read(block, position));
    if (readBytes < block.byteLength) {
      throw this.#damagedAt(position + readBytes, 'the end of the file, too early');
    }
    return block;
  }

  #emptyIndex(): SegmentIndex {
    return new SegmentIndex(this.baseOffset);
  }

  #damagedAt(position: number, what: string): DamagedLog {
    return new DamagedLog(`${this.path} is damaged: at byte ${position} there is ${what}`);
  }
}

/** A batch as the index takes it: one that was cleaned empty has no time. */
export function storedBatch(batch: RecordBatch): TailBatch {
  const { baseOffset, lastOffset, recordsCount, bytes } = batch;
  const maxTimestampMs = recordsCount === 0 ? -1 : batch.maxTimestampMs;
  return { baseOffset, lastOffset, maxTimestampMs, bytes };
}
