import { ErrorCode } from '../wire/error-codes.ts';
import type { BatchRefusal, RecordError } from './validate-batch.ts';

/** What becomes of a batch that a producer sent. */
export type AppendResult = {
  readonly errorCode: ErrorCode;
  /** For a person; null when there is no error. */
  readonly errorMessage: string | null;
  /** The records that are to blame, where the error is about some of them. */
  readonly recordErrors: readonly RecordError[];
  /** Where the first record is; -1 after an error. */
  readonly baseOffset: number;
  /** The time the broker gave the records, or -1 if they keep their own. */
  readonly logAppendTimeMs: number;
};

export function placedAt(at: { baseOffset: number; logAppendTimeMs: number }): AppendResult {
  return { errorCode: ErrorCode.NONE, errorMessage: null, recordErrors: [], ...at };
}

export function refused({ errorCode, message, recordErrors }: BatchRefusal): AppendResult {
  return { errorCode, errorMessage: message, recordErrors, baseOffset: -1, logAppendTimeMs: -1 };
}
