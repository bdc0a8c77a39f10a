import { crc32c } from './crc32c.ts';

const BASE_OFFSET_AT = 0;
const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_OFFSET_DELTA_AT = 23;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;
const PRODUCER_ID_AT = 43;
const PRODUCER_EPOCH_AT = 51;
const BASE_SEQUENCE_AT = 53;
const RECORDS_COUNT_AT = 57;

/** Bytes of a batch before its records. */
export const BATCH_HEADER_BYTES = 61;
/** Bytes that the length field does not count: the base offset and the length itself. */
const BATCH_LENGTH_OVERHEAD_BYTES = 12;

export const COMPRESSION_MASK = 0x07;
const LOG_APPEND_TIME_BIT = 0x08;
const TRANSACTIONAL_BIT = 0x10;
const CONTROL_BIT = 0x20;
/** The base time of the batch is its delete horizon (KIP-534). */
export const DELETE_HORIZON_BIT = 0x40;
const UINT32_RANGE = 4_294_967_296;

/** The producer id of a batch that is not idempotent. */
export const NO_PRODUCER_ID = -1;

/**
 * The header of one record batch, over the bytes as they came and as they are stored.
 *
 *     baseOffset:int64 length:int32 partitionLeaderEpoch:int32 magic:int8 crc:uint32 attributes:int16
 *     lastOffsetDelta:int32 baseTimestamp:int64 maxTimestamp:int64 producerId:int64 producerEpoch:int16
 *     baseSequence:int32 recordsCount:int32 record*
 *
 * The checksum covers everything from `attributes` on; `setBaseOffset` and the leader epoch lie before it, so a broker
 * places a batch without looking at its records. Getters read the bytes each time: keep in a local what is used often.
 */
export class RecordBatch {
  readonly bytes: Buffer;

  /** `bytes` holds exactly one batch, or starts with one whose `sizeBytes` has been checked to fit. */
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get baseOffset(): number {
    return readInt64(this.bytes, BASE_OFFSET_AT);
  }
  /** The whole batch, header included. */
  get sizeBytes(): number {
    return this.bytes.readInt32BE(LENGTH_AT) + BATCH_LENGTH_OVERHEAD_BYTES;
  }
  get magic(): number {
    return this.bytes.readInt8(MAGIC_AT);
  }
  get crc(): number {
    return this.bytes.readUInt32BE(CRC_AT);
  }
  get attributes(): number {
    return this.bytes.readInt16BE(ATTRIBUTES_AT);
  }
  get compression(): number {
    return this.attributes & COMPRESSION_MASK;
  }
  get isLogAppendTime(): boolean {
    return (this.attributes & LOG_APPEND_TIME_BIT) !== 0;
  }
  get isTransactional(): boolean {
    return (this.attributes & TRANSACTIONAL_BIT) !== 0;
  }
  get isControl(): boolean {
    return (this.attributes & CONTROL_BIT) !== 0;
  }
  get lastOffsetDelta(): number {
    return this.bytes.readInt32BE(LAST_OFFSET_DELTA_AT);
  }
  get lastOffset(): number {
    return this.baseOffset + this.lastOffsetDelta;
  }
  get baseTimestampMs(): number {
    return readInt64(this.bytes, BASE_TIMESTAMP_AT);
  }
  get maxTimestampMs(): number {
    return readInt64(this.bytes, MAX_TIMESTAMP_AT);
  }
  /** From when on the cleaner may remove the tombstones or the marker in the batch; null while nothing says so. */
  get deleteHorizonMs(): number | null {
    return (this.attributes & DELETE_HORIZON_BIT) === 0 ? null : this.baseTimestampMs;
  }
  get producerId(): number {
    return readInt64(this.bytes, PRODUCER_ID_AT);
  }
  get producerEpoch(): number {
    return this.bytes.readInt16BE(PRODUCER_EPOCH_AT);
  }
  get baseSequence(): number {
    return this.bytes.readInt32BE(BASE_SEQUENCE_AT);
  }
  get recordsCount(): number {
    return this.bytes.readInt32BE(RECORDS_COUNT_AT);
  }
  get header(): BatchHeader {
    const { baseOffset, lastOffsetDelta, attributes, baseTimestampMs, maxTimestampMs } = this;
    const { producerId, producerEpoch, baseSequence, recordsCount } = this;
    return {
      ...{ baseOffset, lastOffsetDelta, attributes, baseTimestampMs, maxTimestampMs },
      ...{ producerId, producerEpoch, baseSequence, recordsCount },
    };
  }

  /** Whether the stored checksum is that of the bytes. */
  hasValidCrc(): boolean {
    return this.crc === crc32c(this.bytes, ATTRIBUTES_AT, this.sizeBytes);
  }

  /**
   * Whether these are the bytes that `setBaseOffset(baseOffset)` left: also what lies before the checksummed part.
   */
  isIntactAt(baseOffset: number): boolean {
    return (
      this.bytes.byteLength >= BATCH_HEADER_BYTES &&
      this.sizeBytes === this.bytes.byteLength &&
      this.baseOffset === baseOffset &&
      this.bytes.readInt32BE(LEADER_EPOCH_AT) === 0 &&
      this.magic === 2 &&
      this.hasValidCrc()
    );
  }

  /** Places the batch in its log. Leaves the checksum valid. */
  setBaseOffset(offset: number): void {
    writeInt64(this.bytes, BASE_OFFSET_AT, offset);
    // There is one broker and so one leader epoch, for ever; clients send -1 here.
    this.bytes.writeInt32BE(0, LEADER_EPOCH_AT);
  }

  /** Gives all records the broker's time (`message.timestamp.type=LogAppendTime`) and renews the checksum. */
  setLogAppendTime(timestampMs: number): void {
    this.bytes.writeInt16BE(this.attributes | LOG_APPEND_TIME_BIT, ATTRIBUTES_AT);
    writeInt64(this.bytes, MAX_TIMESTAMP_AT, timestampMs);
    this.renewCrc();
  }

  renewCrc(): void {
    this.bytes.writeUInt32BE(crc32c(this.bytes, ATTRIBUTES_AT, this.sizeBytes), CRC_AT);
  }
}

/**
 * The size of the batch at the start of `bytes`, header included, or null when `bytes` is too short to tell.
 * It may be more than `bytes` holds, and is nonsense when the bytes are no batch: compare before use.
 */
export function batchSizeBytes(bytes: Buffer, at = 0): number | null {
  if (bytes.byteLength - at < BATCH_LENGTH_OVERHEAD_BYTES) return null;
  return bytes.readInt32BE(at + LENGTH_AT) + BATCH_LENGTH_OVERHEAD_BYTES;
}

export type BatchHeader = {
  readonly baseOffset: number;
  readonly lastOffsetDelta: number;
  readonly attributes: number;
  readonly baseTimestampMs: number;
  readonly maxTimestampMs: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordsCount: number;
};

/** Builds a batch around encoded records. For the batches that the broker itself makes, and for tests. */
export function encodeBatch(header: BatchHeader, encodedRecords: Uint8Array): RecordBatch {
  const bytes = Buffer.alloc(BATCH_HEADER_BYTES + encodedRecords.byteLength);
  writeInt64(bytes, BASE_OFFSET_AT, header.baseOffset);
  bytes.writeInt32BE(bytes.byteLength - BATCH_LENGTH_OVERHEAD_BYTES, LENGTH_AT);
  bytes.writeInt8(2, MAGIC_AT);
  bytes.writeInt16BE(header.attributes, ATTRIBUTES_AT);
  bytes.writeInt32BE(header.lastOffsetDelta, LAST_OFFSET_DELTA_AT);
  writeInt64(bytes, BASE_TIMESTAMP_AT, header.baseTimestampMs);
  writeInt64(bytes, MAX_TIMESTAMP_AT, header.maxTimestampMs);
  writeInt64(bytes, PRODUCER_ID_AT, header.producerId);
  bytes.writeInt16BE(header.producerEpoch, PRODUCER_EPOCH_AT);
  bytes.writeInt32BE(header.baseSequence, BASE_SEQUENCE_AT);
  bytes.writeInt32BE(header.recordsCount, RECORDS_COUNT_AT);
  bytes.set(encodedRecords, BATCH_HEADER_BYTES);
  const batch = new RecordBatch(bytes);
  batch.renewCrc();
  return batch;
}

function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * UINT32_RANGE + bytes.readUInt32BE(at + 4);
}

function writeInt64(bytes: Buffer, at: number, value: number): void {
  bytes.writeInt32BE(Math.floor(value / UINT32_RANGE), at);
  bytes.writeUInt32BE(value >>> 0, at + 4);
}
