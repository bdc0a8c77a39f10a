import { compress, decompress } from './compression.ts';
import { MalformedMessage } from './malformed-message.ts';
import { BATCH_HEADER_BYTES, type RecordBatch } from './record-batch.ts';

/** One record of a batch, as far as the broker looks at it. Shares memory with the batch when that is not compressed. */
export type StoredRecord = {
  readonly offset: number;
  readonly timestampMs: number;
  /** Null: the record has none. */
  readonly key: Buffer | null;
  /** Whether it has a value; a record with a key and without a value is a tombstone. */
  readonly hasValue: boolean;
  /** The record as it stands in the batch, its length included. */
  readonly bytes: Buffer;
  /** What follows its length, attributes and time: the offset, the key, the value, the headers. */
  readonly rest: Buffer;
};

/**
 * The records of a batch, one after the other.
 *
 *     record = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint
 *              keyLength:varint key valueLength:varint value headersCount:varint header*
 *
 * @throws MalformedMessage when the records are not what the header of the batch says
 */
export function* readRecords(batch: RecordBatch): Generator<StoredRecord, void, undefined> {
  const body = batch.bytes.subarray(BATCH_HEADER_BYTES, batch.sizeBytes);
  const bytes = decompress(body, batch.compression);
  const { baseOffset, lastOffset, baseTimestampMs, recordsCount } = batch;
  const appendTimeMs = batch.isLogAppendTime ? batch.maxTimestampMs : null;
  const reader = new VarintReader(bytes);
  let offsetMin = baseOffset;
  for (let index = 0; index < recordsCount; index++) {
    const start = reader.position;
    const lengthBytes = reader.varint();
    const end = reader.position + lengthBytes;
    if (lengthBytes < 0 || end > bytes.byteLength) throw tooEarly();
    reader.position++; // attributes
    const timestampMs = baseTimestampMs + reader.varint();
    const restAt = reader.position;
    const offset = baseOffset + reader.varint();
    if (offset < offsetMin || offset > lastOffset) {
      throw new MalformedMessage('a record lies outside of its batch');
    }
    offsetMin = offset + 1;
    const key = reader.bytes(end);
    const value = reader.bytes(end);
    yield {
      offset,
      timestampMs: appendTimeMs ?? timestampMs,
      key,
      hasValue: value !== null,
      bytes: bytes.subarray(start, end),
      rest: bytes.subarray(restAt, end),
    };
    reader.position = end;
  }
}

/** The bytes of a record whose time is `timestampDeltaMs` after the base time of its batch. */
export function encodeRecord(record: StoredRecord, timestampDeltaMs: number): Buffer {
  const delta = encodeVarint(timestampDeltaMs);
  const attributes = Buffer.alloc(1);
  const length = encodeVarint(attributes.byteLength + delta.byteLength + record.rest.byteLength);
  return Buffer.concat([length, attributes, delta, record.rest]);
}

/** The body of a batch that holds these encoded records. */
export function encodeRecords(records: readonly Uint8Array[], compression: number): Buffer {
  return compress(Buffer.concat(records), compression);
}

/** Zigzag, as Kafka's varint and varlong. */
function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** Of the tenth byte, the last that a varlong has. */
const VARLONG_FACTOR_MAX = 2 ** 63;

class VarintReader {
  position = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A zigzag varint or varlong; exact up to 2^53. */
  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.position++];
      if (byte === undefined) throw tooEarly();
      if (factor > VARLONG_FACTOR_MAX) throw tooLong();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A length and that many bytes, which end at or before `end`; null for a negative length. */
  bytes(end: number): Buffer | null {
    const lengthBytes = this.varint();
    if (lengthBytes < 0) return null;
    const start = this.position;
    this.position += lengthBytes;
    if (this.position > end) throw tooEarly();
    return this.#bytes.subarray(start, this.position);
  }
}

function tooLong(): MalformedMessage {
  return new MalformedMessage('a varint is longer than 10 bytes');
}

function tooEarly(): MalformedMessage {
  return new MalformedMessage('a record ends too early');
}
