import { crc32c } from '../wire/crc32c.ts';

/** A batch gets an entry of its own when it starts this many bytes after the last entry (`index.interval.bytes`). */
const INTERVAL_BYTES = 4096;
const CAPACITY_INITIAL = 64;

const MAGIC = 0x43_43_49_31; // "CCI1"
const HEADER_BYTES = 32;
const ENTRY_BYTES = 16;

/** A batch as the index sees it. */
export type IndexedBatch = {
  readonly baseOffset: number;
  readonly maxTimestampMs: number;
  /** Where the batch starts in its segment file. */
  readonly position: number;
};

/**
 * The sparse offset and time index of one segment: for about every 4 KiB, where a batch starts, its offset, and the
 * latest time in the batches up to the next entry.
 */
export class SegmentIndex {
  readonly #baseOffset: number;
  #count = 0;
  #relativeOffsets = new Uint32Array(CAPACITY_INITIAL);
  #positions = new Uint32Array(CAPACITY_INITIAL);
  #maxTimestampsMs = new Float64Array(CAPACITY_INITIAL);
  #maxTimestampMs = -1;

  constructor(baseOffset: number) {
    this.#baseOffset = baseOffset;
  }

  /** The latest time in the segment, -1 when it is empty. */
  get maxTimestampMs(): number {
    return this.#maxTimestampMs;
  }

  /** Takes the next batch of the segment. */
  add({ baseOffset, maxTimestampMs, position }: IndexedBatch): void {
    const last = this.#count - 1;
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, maxTimestampMs);
    if (last >= 0 && position - this.#at(this.#positions, last) < INTERVAL_BYTES) {
      const before = this.#at(this.#maxTimestampsMs, last);
      this.#maxTimestampsMs[last] = Math.max(before, maxTimestampMs);
      return;
    }
    if (this.#count === this.#positions.length) this.#grow();
    this.#relativeOffsets[this.#count] = baseOffset - this.#baseOffset;
    this.#positions[this.#count] = position;
    this.#maxTimestampsMs[this.#count] = maxTimestampMs;
    this.#count++;
  }

  /** Where to start looking for the batch that holds `offset`: at or before it. */
  positionOf(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(this.#relativeOffsets, middle) + this.#baseOffset <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : this.#at(this.#positions, low - 1);
  }

  /** Where to start looking for the first batch with a record of this time or later; null when there is none. */
  positionOfTimestamp(timestampMs: number): number | null {
    for (let index = 0; index < this.#count; index++) {
      if (this.#at(this.#maxTimestampsMs, index) >= timestampMs) {
        return this.#at(this.#positions, index);
      }
    }
    return null;
  }

  /**
   * The index as a file, valid only beside a segment of exactly `segmentBytes`.
   *
   *     magic:uint32 crc:uint32 segmentBytes:float64 maxTimestamp:float64 count:uint32 0:uint32
   *     (relativeOffset:uint32 position:uint32 maxTimestamp:float64)*          the crc covers all after it
   */
  encode(segmentBytes: number): Buffer {
    const bytes = Buffer.alloc(HEADER_BYTES + this.#count * ENTRY_BYTES);
    bytes.writeUInt32BE(MAGIC, 0);
    bytes.writeDoubleBE(segmentBytes, 8);
    bytes.writeDoubleBE(this.#maxTimestampMs, 16);
    bytes.writeUInt32BE(this.#count, 24);
    for (let index = 0; index < this.#count; index++) {
      const at = HEADER_BYTES + index * ENTRY_BYTES;
      bytes.writeUInt32BE(this.#at(this.#relativeOffsets, index), at);
      bytes.writeUInt32BE(this.#at(this.#positions, index), at + 4);
      bytes.writeDoubleBE(this.#at(this.#maxTimestampsMs, index), at + 8);
    }
    bytes.writeUInt32BE(crc32c(bytes, 8), 4);
    return bytes;
  }

  /** Null when the bytes are damaged or belong to a segment of another size: then it is built again by a scan. */
  static decode(
    bytes: Buffer,
    { baseOffset, segmentBytes }: { baseOffset: number; segmentBytes: number },
  ): SegmentIndex | null {
    if (bytes.byteLength < HEADER_BYTES || bytes.readUInt32BE(0) !== MAGIC) return null;
    if (bytes.readUInt32BE(4) !== crc32c(bytes, 8)) return null;
    if (bytes.readDoubleBE(8) !== segmentBytes) return null;
    const index = new SegmentIndex(baseOffset);
    for (let at = HEADER_BYTES; at + ENTRY_BYTES <= bytes.byteLength; at += ENTRY_BYTES) {
      index.add({
        baseOffset: baseOffset + bytes.readUInt32BE(at),
        position: bytes.readUInt32BE(at + 4),
        maxTimestampMs: bytes.readDoubleBE(at + 8),
      });
    }
    return index;
  }

  #grow(): void {
    const capacity = this.#count * 2;
    this.#relativeOffsets = copyInto(new Uint32Array(capacity), this.#relativeOffsets);
    this.#positions = copyInto(new Uint32Array(capacity), this.#positions);
    this.#maxTimestampsMs = copyInto(new Float64Array(capacity), this.#maxTimestampsMs);
  }

  #at(values: Uint32Array | Float64Array, index: number): number {
    return values[index] as number; // every caller stays below #count
  }
}

function copyInto<Values extends Uint32Array | Float64Array>(
  target: Values,
  source: Values,
): Values {
  target.set(source);
  return target;
}
