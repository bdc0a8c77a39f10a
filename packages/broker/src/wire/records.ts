import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { MalformedMessage } from './malformed-message.ts';
import { BATCH_HEADER_BYTES, Compression, type RecordBatch } from './record-batch.ts';

/** The most that a batch may grow when it is decompressed: a guard against bombs. */
const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

/** As much of a record as the broker ever looks at. */
export type RecordFacts = {
  readonly offset: number;
  readonly timestampMs: number;
  readonly hasKey: boolean;
};

/**
 * The records of a batch, or null when they are compressed in a way that this broker does not read (snappy, lz4).
 * Not for the hot path: only for lookups by time, and for checks that need the keys.
 *
 *     record = length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint keyLength:varint …
 *
 * @throws MalformedMessage when the records are not what the header says
 */
export function readRecords(batch: RecordBatch): RecordFacts[] | null {
  const bytes = decompressed(batch);
  if (bytes === null) return null;
  const { baseOffset, baseTimestampMs, recordsCount, isLogAppendTime, maxTimestampMs } = batch;
  const reader = new VarintReader(bytes);
  const facts: RecordFacts[] = [];
  for (let index = 0; index < recordsCount; index++) {
    const lengthBytes = reader.varint();
    const end = reader.position + lengthBytes;
    reader.position++; // attributes
    const timestampDelta = reader.varint();
    const offset = baseOffset + reader.varint();
    if (offset < baseOffset || offset > batch.lastOffset) {
      throw new MalformedMessage('a record lies outside of its batch');
    }
    const hasKey = reader.varint() >= 0;
    const timestampMs = isLogAppendTime ? maxTimestampMs : baseTimestampMs + timestampDelta;
    facts.push({ offset, timestampMs, hasKey });
    reader.position = end;
  }
  return facts;
}

function decompressed(batch: RecordBatch): Buffer | null {
  const body = batch.bytes.subarray(BATCH_HEADER_BYTES);
  const limits = { maxOutputLength: DECOMPRESSED_BYTES_MAX };
  try {
    if (batch.compression === Compression.NONE) return body;
    if (batch.compression === Compression.GZIP) return gunzipSync(body, limits);
    if (batch.compression === Compression.ZSTD) return zstdDecompressSync(body, limits);
    return null;
  } catch (cause) {
    throw new MalformedMessage(`the records cannot be decompressed: ${String(cause)}`);
  }
}

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
      if (byte === undefined) throw new MalformedMessage('a record ends too early');
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
