import { Compression } from '../wire/compression.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { BATCH_HEADER_BYTES, NO_PRODUCER_ID, RecordBatch } from '../wire/record-batch.ts';

export type BatchLimits = {
  /** `max.message.bytes`: the largest batch, header included. */
  readonly batchBytesMax: number;
  /** The latest record time that is accepted, or Infinity where the broker gives records its own time. */
  readonly timestampMaxMs: number;
};

/** Which record of a refused batch is to blame, by its place in it, and why. */
export type RecordError = { readonly batchIndex: number; readonly batchIndexErrorMessage: string };

/** Why a batch is refused, in the words the producer gets. */
export type BatchRefusal = {
  readonly errorCode: ErrorCode;
  readonly message: string;
  readonly recordErrors: readonly RecordError[];
};

export type BatchVerdict =
  | { readonly kind: 'valid'; readonly batch: RecordBatch }
  | ({ readonly kind: 'refused' } & BatchRefusal);

/**
 * Checks what a producer sent for one partition: exactly one batch, whole, with the right checksum, and with a header
 * that makes sense. Looks at the header only, never at the records: a client whose own count lies is believed.
 */
export function validateBatch(records: Uint8Array | null, limits: BatchLimits): BatchVerdict {
  if (records === null || records.byteLength === 0) {
    return refused(ErrorCode.INVALID_RECORD, 'there is no record batch for this partition');
  }
  if (records.byteLength < BATCH_HEADER_BYTES) {
    return refused(ErrorCode.CORRUPT_MESSAGE, 'the record batch is shorter than its header');
  }
  const batch = new RecordBatch(records);
  const reason = refuseForm(batch) ?? refuseLimits(batch, limits) ?? refuseProducer(batch);
  return reason === null ? { kind: 'valid', batch } : { kind: 'refused', ...reason };
}

function refuseForm(batch: RecordBatch): BatchRefusal | null {
  const { magic, sizeBytes } = batch;
  const givenBytes = batch.bytes.byteLength;
  if (magic !== 2) {
    return refusal(ErrorCode.INVALID_RECORD, `record format ${magic} is not supported, only 2`);
  }
  if (sizeBytes > givenBytes || sizeBytes < BATCH_HEADER_BYTES) {
    return refusal(ErrorCode.CORRUPT_MESSAGE, 'the record batch is not whole');
  }
  if (sizeBytes < givenBytes) {
    return refusal(ErrorCode.INVALID_RECORD, 'there is more than one record batch');
  }
  if (!batch.hasValidCrc()) {
    return refusal(ErrorCode.CORRUPT_MESSAGE, 'the checksum of the record batch is wrong');
  }
  if (batch.recordsCount <= 0 || batch.lastOffsetDelta !== batch.recordsCount - 1) {
    return refusal(ErrorCode.INVALID_RECORD, 'the record count and the last offset do not agree');
  }
  if (batch.compression > Compression.ZSTD) {
    return refusal(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, 'the compression type is not known');
  }
  return null;
}

function refuseLimits(batch: RecordBatch, limits: BatchLimits): BatchRefusal | null {
  if (batch.sizeBytes > limits.batchBytesMax) {
    const limit = `max.message.bytes=${limits.batchBytesMax}`;
    return refusal(
      ErrorCode.MESSAGE_TOO_LARGE,
      `the record batch has ${batch.sizeBytes} bytes; the topic has ${limit}`,
    );
  }
  if (batch.isLogAppendTime) {
    return refusal(ErrorCode.INVALID_TIMESTAMP, 'only the broker sets the log append time');
  }
  if (batch.deleteHorizonMs !== null) {
    return refusal(ErrorCode.INVALID_RECORD, 'only the broker sets a delete horizon');
  }
  if (batch.maxTimestampMs > limits.timestampMaxMs) {
    return refusal(
      ErrorCode.INVALID_TIMESTAMP,
      `the time ${batch.maxTimestampMs} is too far ahead; see message.timestamp.after.max.ms`,
    );
  }
  return null;
}

function refuseProducer(batch: RecordBatch): BatchRefusal | null {
  if (batch.isControl) {
    return refusal(ErrorCode.INVALID_RECORD, 'clients cannot write control records');
  }
  const isIdempotent = batch.producerId !== NO_PRODUCER_ID;
  if (batch.isTransactional && !isIdempotent) {
    return refusal(ErrorCode.INVALID_RECORD, 'a transactional batch names no producer id');
  }
  if (isIdempotent && (batch.baseSequence < 0 || batch.producerEpoch < 0)) {
    return refusal(ErrorCode.INVALID_RECORD, 'an idempotent batch has no sequence or epoch');
  }
  return null;
}

export function refusal(errorCode: ErrorCode, message: string): BatchRefusal {
  return { errorCode, message, recordErrors: [] };
}

function refused(errorCode: ErrorCode, message: string): BatchVerdict {
  return { kind: 'refused', ...refusal(errorCode, message) };
}
