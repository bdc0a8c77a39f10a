import { ErrorCode } from '../wire/error-codes.ts';
import { MalformedMessage } from '../wire/malformed-message.ts';
import type { RecordBatch } from '../wire/record-batch.ts';
import { readRecords } from '../wire/records.ts';
import { refusal, type BatchRefusal, type RecordError } from './validate-batch.ts';

/** So many record errors are named in the message of the whole batch. */
const ERRORS_NAMED_MAX = 3;

/**
 * Why a compacted topic cannot have this batch, or null: it has a record without a key, or records that cannot be read.
 * The words are Kafka's (LogValidator).
 *
 * @param partitionName as Kafka prints it: topic-partition
 */
export function refuseKeys(batch: RecordBatch, partitionName: string): BatchRefusal | null {
  const recordErrors: RecordError[] = [];
  const { baseOffset } = batch;
  try {
    for (const { key, offset } of readRecords(batch)) {
      if (key !== null) continue;
      const batchIndexErrorMessage = `Compacted topic cannot accept message without key in topic partition ${partitionName}`;
      recordErrors.push({ batchIndex: offset - baseOffset, batchIndexErrorMessage });
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    return refusal(ErrorCode.INVALID_RECORD, error.message);
  }
  if (recordErrors.length === 0) return null;
  return { ...refusal(ErrorCode.INVALID_RECORD, summaryOf(recordErrors)), recordErrors };
}

function summaryOf(recordErrors: readonly RecordError[]): string {
  const named = recordErrors
    .slice(0, ERRORS_NAMED_MAX)
    .map(
      ({ batchIndex, batchIndexErrorMessage }) =>
        `RecordError(batchIndex=${batchIndex}, message='${batchIndexErrorMessage}')`,
    );
  return (
    `One or more records have been rejected due to ${recordErrors.length} record errors in total, ` +
    `and only showing the first three errors at most: [${named.join(', ')}]`
  );
}
