import { JournalError } from '@chat-cluster/journal';

/** What LMDB throws: a number of its own (negative) or of the operating system as `code`. */
type LmdbFailure = Error & {
  readonly code?: unknown;
  /** A promise that rejects with the reason why a commit failed. */
  readonly commitError?: Promise<unknown>;
};

/** MDB_CORRUPTED, MDB_PANIC, MDB_VERSION_MISMATCH, MDB_INVALID: the file is damaged, or none of LMDB's. */
const CORRUPT_CODES: ReadonlySet<unknown> = new Set([-30_796, -30_795, -30_794, -30_793]);

/** A journal error for whatever opening the folder threw. */
export function openError(dir: string, cause: unknown): JournalError {
  if (cause instanceof JournalError) return cause;
  const failure = cause as LmdbFailure;
  if (CORRUPT_CODES.has(failure.code)) {
    return new JournalError(
      'corrupt',
      `The journal in ${dir} cannot be read: ${failure.message}. Restore the folder from a backup.`,
      { cause },
    );
  }
  return new JournalError(
    'in-use',
    `The journal's folder ${dir} cannot be opened: ${failure.message}. ` +
      'Make it readable and writable for this user, or choose another folder.',
    { cause },
  );
}

/** A journal error for a commit that failed. Nothing of the commit was written. */
export async function writeError(dir: string, thrown: unknown): Promise<JournalError> {
  const cause = await commitReason(thrown as LmdbFailure);
  if (CORRUPT_CODES.has(cause.code)) {
    return new JournalError(
      'corrupt',
      `The journal in ${dir} is damaged: ${cause.message}. Restore the folder from a backup.`,
      { cause },
    );
  }
  return new JournalError(
    'unavailable',
    `The journal in ${dir} could not be written: ${cause.message}. ` +
      'Look whether the disk is full or broken, then try again.',
    { cause },
  );
}

/** A journal error for a read that failed. */
export function readError(dir: string, cause: unknown): JournalError {
  if (cause instanceof JournalError) return cause;
  return new JournalError(
    'corrupt',
    `The journal in ${dir} cannot be read: ${(cause as LmdbFailure).message}. ` +
      'Look whether the disk is broken, and restore the folder from a backup.',
    { cause },
  );
}

async function commitReason(failure: LmdbFailure): Promise<LmdbFailure> {
  try {
    await failure.commitError;
    return failure;
  } catch (reason) {
    return reason as LmdbFailure;
  }
}
