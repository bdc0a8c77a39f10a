/**
 * | code | try again? | meaning |
 * | --- | --- | --- |
 * | unavailable | yes | the store does not answer, timed out, or has too few replicas |
 * | too-large | no | a row or snapshot exceeds what the store accepts |
 * | wrong-version | no | the schema or folder is of another version than this program's |
 * | in-use | no | the folder cannot be opened: locked or not readable |
 * | corrupt | no | what was read cannot be right |
 * | refused | no | the store refused the request; the message says why |
 * | closed | no | this journal was closed |
 */
export type JournalErrorCode =
  | 'unavailable'
  | 'too-large'
  | 'wrong-version'
  | 'in-use'
  | 'corrupt'
  | 'refused'
  | 'closed';

/** An operating error of a journal; its message says what the person can do. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get retriable(): boolean {
    return this.code === 'unavailable';
  }
}
