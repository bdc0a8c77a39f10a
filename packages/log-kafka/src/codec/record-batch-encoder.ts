import type { OutgoingHeader, OutgoingRecord } from '@chat-cluster/log';
import { crc32c } from './crc32c.ts';
import { batchField, transactionalBit } from './record-batch-format.ts';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts';

/** A record with the time that the batch gives it. */
export type TimedRecord = OutgoingRecord & { readonly timestampMs?: number };

export type BatchIdentity = {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Sequence of the first record; counts every record of this producer and epoch in the partition. */
  readonly baseSequence: number;
  readonly isTransactional: boolean;
};

/**
 * Encodes records as one uncompressed batch (magic 2), in one buffer of exactly its size. A record without a
 * time of its own gets `timestampMs`. The grammar is in record-batch-format.ts.
 */
export function encodeRecordBatch(
  records: readonly TimedRecord[],
  options: BatchIdentity & { readonly timestampMs: number },
): Buffer {
  const baseTimestampMs = records[0]?.timestampMs ?? options.timestampMs;
  const bodySizes: number[] = [];
  // Asked for once a record: the one who gives them may make them anew each time.
  const headersOf: (readonly OutgoingHeader[])[] = [];
  let sizeBytes = batchField.records;
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index]!;
    const deltaMs = (record.timestampMs ?? options.timestampMs) - baseTimestampMs;
    const { headers } = record;
    const bodySize = recordBodySize({ record, headers, index, deltaMs });
    headersOf.push(headers);
    bodySizes.push(bodySize);
    sizeBytes += varintSize(bodySize) + bodySize;
  }
  const batch = Buffer.allocUnsafe(sizeBytes);
  let at: number = batchField.records;
  let maxTimestampMs = baseTimestampMs;
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index]!;
    const timestampMs = record.timestampMs ?? options.timestampMs;
    if (timestampMs > maxTimestampMs) maxTimestampMs = timestampMs;
    at = writeVarint(batch, at, bodySizes[index]!);
    const deltaMs = timestampMs - baseTimestampMs;
    at = writeRecordBody(batch, at, { record, headers: headersOf[index]!, index, deltaMs });
  }
  writeHeader(batch, { ...options, count: records.length, baseTimestampMs, maxTimestampMs });
  return batch;
}

type RecordBody = {
  readonly record: OutgoingRecord;
  readonly headers: readonly OutgoingHeader[];
  readonly index: number;
  readonly deltaMs: number;
};

function recordBodySize({ record, headers, index, deltaMs }: RecordBody): number {
  const { key, value } = record;
  const timeSize = deltaMs === 0 ? 1 : varlongSize(deltaMs);
  let size = ATTRIBUTES_BYTES + timeSize + varintSize(index) + bytesSize(key) + bytesSize(value);
  size += varintSize(headers.length);
  for (let at = 0; at < headers.length; at += 1) size += headerSize(headers[at]!);
  return size;
}

const ATTRIBUTES_BYTES = 1;

function headerSize({ key, value }: OutgoingHeader): number {
  const valueSize = typeof value === 'string' ? textSize(value) : bytesSize(value);
  return bytesSize(headerKeyBytes(key)) + valueSize;
}

function textSize(text: string): number {
  const size = isShortAscii(text) ? text.length : Buffer.byteLength(text);
  return varintSize(size) + size;
}

/** Numbers and ids, most of the time: a loop is faster than a call into the platform. */
function isShortAscii(text: string): boolean {
  if (text.length > ASCII_LENGTH_MAX) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > ASCII_CODE_MAX) return false;
  }
  return true;
}

const ASCII_LENGTH_MAX = 96;
const ASCII_CODE_MAX = 0x7f;

/** The same few header keys are written on every record: their bytes are kept. */
function headerKeyBytes(key: string): Uint8Array {
  const kept = headerKeys.get(key);
  if (kept) return kept;
  const bytes = Buffer.from(key);
  if (headerKeys.size < HEADER_KEYS_MAX) headerKeys.set(key, bytes);
  return bytes;
}

const HEADER_KEYS_MAX = 256;
const headerKeys = new Map<string, Uint8Array>();

/** Null takes the length -1. */
function bytesSize(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintSize(bytes.byteLength) + bytes.byteLength;
}

function writeRecordBody(batch: Buffer, from: number, body: RecordBody): number {
  const { headers } = body;
  const { key, value } = body.record;
  batch[from] = 0; // attributes: none are defined
  let at = from + ATTRIBUTES_BYTES;
  if (body.deltaMs === 0) {
    batch[at] = 0;
    at += 1;
  } else {
    at = writeVarlong(batch, at, body.deltaMs);
  }
  at = writeVarint(batch, at, body.index);
  at = writeBytes(batch, at, key);
  at = writeBytes(batch, at, value);
  at = writeVarint(batch, at, headers.length);
  for (let index = 0; index < headers.length; index += 1) {
    const header = headers[index]!;
    at = writeBytes(batch, at, headerKeyBytes(header.key));
    at = writeHeaderValue(batch, at, header.value);
  }
  return at;
}

function writeHeaderValue(batch: Buffer, from: number, value: Uint8Array | string): number {
  if (typeof value !== 'string') return writeBytes(batch, from, value);
  if (!isShortAscii(value)) return writeBytes(batch, from, Buffer.from(value));
  const at = writeVarint(batch, from, value.length);
  for (let index = 0; index < value.length; index += 1) batch[at + index] = value.charCodeAt(index);
  return at + value.length;
}

function writeBytes(batch: Buffer, from: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(batch, from, -1);
  const size = bytes.byteLength;
  const at = writeVarint(batch, from, size);
  if (size > COPIED_ONE_BY_ONE_MAX) {
    batch.set(bytes, at);
  } else {
    for (let index = 0; index < size; index += 1) batch[at + index] = bytes[index]!;
  }
  return at + size;
}

/** Up to about here a loop is faster than a call of `set`. */
const COPIED_ONE_BY_ONE_MAX = 24;

function writeHeader(
  batch: Buffer,
  header: BatchIdentity & { count: number; baseTimestampMs: number; maxTimestampMs: number },
): void {
  batch.writeBigInt64BE(0n, batchField.baseOffset); // the broker gives the offsets
  batch.writeInt32BE(batch.length - batchField.leaderEpoch, batchField.length);
  batch.writeInt32BE(-1, batchField.leaderEpoch);
  batch[batchField.magic] = 2;
  batch.writeInt16BE(header.isTransactional ? transactionalBit : 0, batchField.attributes);
  batch.writeInt32BE(header.count - 1, batchField.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(header.baseTimestampMs), batchField.baseTimestamp);
  batch.writeBigInt64BE(BigInt(header.maxTimestampMs), batchField.maxTimestamp);
  batch.writeBigInt64BE(header.producerId, batchField.producerId);
  batch.writeInt16BE(header.producerEpoch, batchField.producerEpoch);
  batch.writeInt32BE(header.baseSequence, batchField.baseSequence);
  batch.writeInt32BE(header.count, batchField.recordCount);
  batch.writeUInt32BE(crc32c(batch.subarray(batchField.attributes)), batchField.crc);
}
