import type { Disk } from '../disk/disk.ts';
import type { OpenFiles } from '../disk/open-files.ts';
import type { TailBatch } from '../partitions/tail.ts';
import { BATCH_HEADER_BYTES, RecordBatch, batchSizeBytes } from '../wire/record-batch.ts';
import { DamagedLog } from './damaged-log.ts';
import { SegmentIndex } from './segment-index.ts';
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
 * log lets go of them. `sizeBytes` is the length that counts; a file may be longer after a crash. The index is loaded
 * from its file, or built by a scan that checks every batch, when it is first needed.
 */
export class Segment {
  readonly baseOffset: number;
  readonly path: string;
  readonly #disk: Disk;
  readonly #files: OpenFiles;
  readonly #folder: string;
  #sizeBytes: number;
  #index: Promise<SegmentIndex> | null;

  constructor(options: {
    disk: Disk;
    files: OpenFiles;
    folder: string;
    baseOffset: number;
    /** 0 for a new segment. */
    sizeBytes: number;
  }) {
    this.#disk = options.disk;
    this.#files = options.files;
    this.#folder = options.folder;
    this.baseOffset = options.baseOffset;
    this.path = `${options.folder}/${segmentFileName(options.baseOffset)}`;
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
  async read(wanted: {
    offset: number;
    endOffset: number;
    maxBytes: number;
  }): Promise<SegmentRead | null> {
    const index = await this.#loadedIndex();
    const maxBytes = Math.min(wanted.maxBytes, READ_BYTES_MAX);
    let position = index.positionOf(wanted.offset);
    let blockBytes = maxBytes + READ_MARGIN_BYTES;
    while (position < this.#sizeBytes) {
      const block = await this.#readBlock(position, blockBytes);
      const selection = selectBatches(block, { ...wanted, maxBytes });
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

  /** The first batch, not ending below `offset`, whose latest time is `timestampMs` or later, or null. */
  async findTimestamp(timestampMs: number, offset: number): Promise<RecordBatch | null> {
    const index = await this.#loadedIndex();
    const timePosition = index.positionOfTimestamp(timestampMs);
    if (timePosition === null) return null;
    const position = Math.max(timePosition, index.positionOf(offset));
    for await (const { batch } of this.#scan(position)) {
      if (batch.lastOffset < offset || batch.maxTimestampMs < timestampMs) continue;
      return new RecordBatch(Buffer.from(batch.bytes));
    }
    return null;
  }

  async maxTimestampMs(): Promise<number> {
    return (await this.#loadedIndex()).maxTimestampMs;
  }

  /** Removes the files. Reads under way finish. */
  async remove(): Promise<void> {
    this.#files.forget(this.path);
    await this.#disk.remove(this.#indexPath);
    await this.#disk.remove(this.path);
  }

  get #indexPath(): string {
    return `${this.#folder}/${segmentFileName(this.baseOffset).replace('.log', '.idx')}`;
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
      const { baseOffset, maxTimestampMs } = batch;
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
        if (!batch.isIntactAt(nextOffset ?? batch.baseOffset)) {
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

export function segmentFileName(baseOffset: number): string {
  return `${String(baseOffset).padStart(20, '0')}.log`;
}

/** The first offset of the segment with this file name, or null for other files. */
export function baseOffsetOf(fileName: string): number | null {
  const match = /^(\d{20})\.log$/.exec(fileName);
  return match === null ? null : Number(match[1]);
}
