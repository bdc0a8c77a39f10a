/**
 * Why the state journal did not take a change.
 * - `closed`: the broker is stopping. The client may try another broker, or this one later.
 * - `failed`: a write or sync failed; the log takes nothing more. The person reads the cause, mends
 *   the disk and starts the broker again.
 */
export type JournalErrorCode = 'closed' | 'failed';

/** The change is not durable, and may never be. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
  readonly code: JournalErrorCode;

  constructor(code: JournalErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
