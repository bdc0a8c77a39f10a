import { type FetchedRecord, LogError, type RecordHeader } from '@chat-cluster/log';
import { crc32c } from './crc32c.ts';
import { decompress } from './decompress.ts';
import {
  batchField,
  compressionBits,
  controlBit,
  logAppendTimeBit,
  transactionalBit,
} from './record-batch-format.ts';

/** A batch inside a larger buffer. */
export type BatchView = {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly attributes: number;
  /** Where the batch begins in the buffer, and where the next one does. */
  readonly start: number;
  readonly end: number;
};

/**
 * The batch that begins at `start`, undefined when the buffer ends before it does: a broker cuts the last
 * batch of an answer where the answer is full.
 *
 * @throws LogError `corrupt` for another format or a wrong checksum
 */
export function viewBatch(bytes: Buffer, start: number): BatchView | undefined {
  if (bytes.length - start < batchField.records) return undefined;
  const end = start + batchField.leaderEpoch + bytes.readInt32BE(start + batchField.length);
  if (end > bytes.length) return undefined;
  const magic = bytes[start + batchField.magic];
  if (magic !== MAGIC) throw corrupt(`has the format ${magic}, not ${MAGIC}`);
  if (end < start + batchField.records) throw corrupt('is shorter than its own header');
  const crc = crc32c(bytes.subarray(start + batchField.attributes, end));
  if (crc !== bytes.readUInt32BE(start + batchField.crc)) throw corrupt('has a wrong checksum');
  const baseOffset = readInt64(bytes, start + batchField.baseOffset);
  return {
    baseOffset,
    lastOffset: baseOffset + bytes.readInt32BE(start + batchField.lastOffsetDelta),
    producerId: readInt64(bytes, start + batchField.producerId),
    attributes: bytes.readInt16BE(start + batchField.attributes),
    start,
    end,
  };
}

const MAGIC = 2;

export function isTransactional(batch: BatchView): boolean {
  return (batch.attributes & transactionalBit) !== 0;
}

export function isControl(batch: BatchView): boolean {
  return (batch.attributes & controlBit) !== 0;
}

/**
 * Appends the batch's records to `records`, those before `offsetFrom` left out: a broker answers with the whole
 * batch that holds the offset asked for. Keys and values are views of `bytes` (or of what was decompressed).
 *
 * @returns how many bytes the batch's records take, decompressed
 * @throws LogError `corrupt`
 */
export function readBatchRecords(
  bytes: Buffer,
  batch: BatchView,
  into: { readonly offsetFrom: number; readonly records: FetchedRecord[] },
): number {
  const { start, end, attributes } = batch;
  const count = bytes.readInt32BE(start + batchField.recordCount);
  const times =
    (attributes & logAppendTimeBit) === 0
      ? { baseMs: readInt64(bytes, start + batchField.baseTimestamp), appendMs: undefined }
      : { baseMs: 0, appendMs: readInt64(bytes, start + batchField.maxTimestamp) };
  const compression = attributes & compressionBits;
  const section =
    compression === 0
      ? { bytes, from: start + batchField.records, until: end }
      : wholeOf(decompress(bytes.subarray(start + batchField.records, end), compression));
  const reader = new RecordReader(section.bytes, section.from, section.until);
  for (let index = 0; index < count; index += 1) {
    const record = reader.next(batch.baseOffset, times);
    if (record.offset >= into.offsetFrom) into.records.push(record);
  }
  return section.until - section.from;
}

/** How a transaction ended, as its marker says. */
export function readMarker(bytes: Buffer, batch: BatchView): 'abort' | 'commit' | 'other' {
  const records: FetchedRecord[] = [];
  readBatchRecords(bytes, batch, { offsetFrom: 0, records });
  const key = records[0]?.key;
  if (!key || key.byteLength < MARKER_KEY_BYTES) throw corrupt('is a marker without a key');
  const type = (key[2]! << 8) | key[3]!; // after a version of two bytes
  if (type === 0) return 'abort';
  return type === 1 ? 'commit' : 'other';
}

const MARKER_KEY_BYTES = 4;

type BatchTimes = { readonly baseMs: number; readonly appendMs: number | undefined };

/** Reads one record after the other. The hot path: no object but the record and its two views is made. */
class RecordReader {
  readonly #bytes: Buffer;
  readonly #until: number;
  #at: number;

  constructor(bytes: Buffer, from: number, until: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#until = until;
  }

  next(baseOffset: number, times: BatchTimes): FetchedRecord {
    const length = this.#varint();
    const end = this.#at + length;
    if (length < 0 || end > this.#until) throw corrupt('ends inside a record');
    this.#at += 1; // attributes: none are defined
    const deltaMs = this.#varlong();
    const offset = baseOffset + this.#varint();
    const key = this.#bytesOrNull();
    const value = this.#bytesOrNull();
    const headers = this.#headers();
    if (this.#at !== end) throw corrupt('holds a record of another length than it says');
    return { offset, timestampMs: times.appendMs ?? times.baseMs + deltaMs, key, value, headers };
  }

  #headers(): readonly RecordHeader[] {
    const count = this.#varint();
    if (count === 0) return NO_HEADERS;
    if (count < 0 || count > this.#until - this.#at) throw corrupt('has a wrong header count');
    const headers: RecordHeader[] = [];
    for (let index = 0; index < count; index += 1) {
      const keyLength = this.#varint();
      this.#need(keyLength);
      const key = this.#bytes.toString('utf8', this.#at, this.#at + keyLength);
      this.#at += keyLength;
      headers.push({ key, value: this.#bytesOrNull() ?? NO_BYTES });
    }
    return headers;
  }

  #bytesOrNull(): Buffer | null {
    const length = this.#varint();
    if (length === -1) return null;
    this.#need(length);
    const from = this.#at;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  #need(length: number): void {
    if (length < 0 || this.#at + length > this.#until) throw corrupt('ends inside a record');
  }

  #varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.#at]!;
    this.#at += 1;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let zigzag = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = bytes[this.#at]!;
      this.#at += 1;
      zigzag |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    throw corrupt('holds a number that is too long');
  }

  /** A whole number up to 2^53: more than any time. */
  #varlong(): number {
    const bytes = this.#bytes;
    let zigzag = 0;
    for (let scale = 1, length = 0; length < VARLONG_BYTES_MAX; length += 1, scale *= 0x80) {
      const byte = bytes[this.#at]!;
      this.#at += 1;
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    throw corrupt('holds a number that is too long');
  }
}

const VARLONG_BYTES_MAX = 10;
const NO_HEADERS: readonly RecordHeader[] = Object.freeze([]);
const NO_BYTES = new Uint8Array(0);

/** A 64-bit number that is below 2^53 in practice: offsets, times, producer ids. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

function wholeOf(bytes: Buffer): { bytes: Buffer; from: number; until: number } {
  return { bytes, from: 0, until: bytes.length };
}

function corrupt(how: string): LogError {
  return new LogError('corrupt', `A record batch ${how}.`);
}
