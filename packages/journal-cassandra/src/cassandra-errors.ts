import { errors, types } from 'cassandra-driver';
import { JournalError } from '@chat-cluster/journal';

const { responseErrorCodes } = types;

/** The nodes answered that they cannot do it now. */
const UNAVAILABLE_CODES: ReadonlySet<number> = new Set([
  responseErrorCodes.serverError,
  responseErrorCodes.unavailableException,
  responseErrorCodes.overloaded,
  responseErrorCodes.isBootstrapping,
  responseErrorCodes.truncateError,
  responseErrorCodes.writeTimeout,
  responseErrorCodes.readTimeout,
  responseErrorCodes.readFailure,
  responseErrorCodes.writeFailure,
]);

const INVALID_CODE: number = responseErrorCodes.invalid;

/** A journal error for whatever the driver threw; what is none of the driver's is a programmer's error. */
export function toJournalError(cause: unknown): unknown {
  if (cause instanceof errors.ResponseError) return fromResponse(cause);
  if (cause instanceof errors.NoHostAvailableError) return fromNoHost(cause);
  if (cause instanceof errors.AuthenticationError) return refused(cause);
  if (cause instanceof errors.ArgumentError || !(cause instanceof errors.DriverError)) return cause;
  return unavailable(cause);
}

/** True for Cassandra's word for "there is no such table, keyspace or setting". */
export function isInvalidQuery(error: unknown): boolean {
  return (
    error instanceof JournalError &&
    error.cause instanceof errors.ResponseError &&
    error.cause.code === INVALID_CODE
  );
}

function fromResponse(cause: errors.ResponseError): JournalError {
  if (UNAVAILABLE_CODES.has(cause.code)) return unavailable(cause);
  if (cause.message.includes('Batch too large')) {
    return new JournalError(
      'refused',
      'Cassandra refuses batches of this size. Raise its batch_size_fail_threshold to the default ' +
        '(50 KiB), or lower batchBytesMax.',
      { cause },
    );
  }
  return refused(cause);
}

function fromNoHost(cause: errors.NoHostAvailableError): JournalError {
  const reasons = Object.entries((cause.innerErrors ?? {}) as Record<string, unknown>);
  const rejected = reasons.find(([, reason]) => isRefusal(reason));
  if (rejected) return refused(rejected[1] as Error);
  const nodes = reasons.map(([host, reason]) => `${host}: ${(reason as Error).message}`);
  return unavailable(cause, `no node can be reached (${nodes.join(', ') || 'all are down'})`);
}

function isRefusal(reason: unknown): boolean {
  if (reason instanceof errors.AuthenticationError) return true;
  return reason instanceof errors.ResponseError && !UNAVAILABLE_CODES.has(reason.code);
}

function unavailable(cause: Error, what = cause.message): JournalError {
  return new JournalError(
    'unavailable',
    `Cassandra does not answer as it should: ${what}. Try again; look after its nodes if it lasts.`,
    { cause },
  );
}

function refused(cause: Error): JournalError {
  return new JournalError(
    'refused',
    `Cassandra refuses the request: ${cause.message}. Look at the user, the keyspace and the schema.`,
    { cause },
  );
}
