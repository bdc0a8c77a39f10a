import { errors, types } from 'cassandra-driver';
import { JournalError } from '@chat-cluster/journal';
import { type OptionNames, ownNames } from './option-names.ts';

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

/** What TLS says of a certificate, a key or a peer that speaks something else; by Node's and OpenSSL's codes. */
const TLS_CODE = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT|CRL|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|HOSTNAME)_/;

/**
 * A journal error for whatever the driver threw; what is none of the driver's is a programmer's error.
 *
 * @param names of what to set, for sentences that say so
 */
export function toJournalError(cause: unknown, names: OptionNames = ownNames): unknown {
  if (cause instanceof errors.ResponseError) return fromResponse(cause, names);
  if (cause instanceof errors.NoHostAvailableError) return fromNoHost(cause, names);
  if (cause instanceof errors.AuthenticationError) return unknownUser(cause, names);
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

function fromResponse(cause: errors.ResponseError, names: OptionNames): JournalError {
  if (UNAVAILABLE_CODES.has(cause.code)) return unavailable(cause);
  if (cause.message.includes('Batch too large')) {
    return new JournalError(
      'refused',
      'Cassandra refuses batches of this size. Raise its batch_size_fail_threshold to the default ' +
        `(50 KiB), or lower ${names.batchBytesMax}.`,
      { cause },
    );
  }
  return refused(cause);
}

function fromNoHost(cause: errors.NoHostAvailableError, names: OptionNames): JournalError {
  // Of a node that the driver did not ask, because it was down, the reason is a text.
  const reasons = Object.entries((cause.innerErrors ?? {}) as Record<string, unknown>);
  const failures = reasons.map(([, reason]) => reason).filter((reason) => reason instanceof Error);
  for (const failure of failures) {
    const refusal = refusalOf(failure, names);
    if (refusal) return refusal;
  }
  const nodes = reasons.map(([host, reason]) => `${host}: ${textOf(reason)}`);
  const what = `no node can be reached (${nodes.join(', ') || 'all are down'})`;
  return unavailable(cause, what, adviceOn(failures, names));
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? reason.message.trim() : String(reason);
}

/** Undefined where there is nothing more to say than of any other node that does not answer. */
function adviceOn(failures: readonly Error[], { tls }: OptionNames): string | undefined {
  const codes = failures.map((failure: NodeJS.ErrnoException) => failure.code ?? '');
  if (codes.some((code) => TLS_CODE.test(code))) {
    return `Look at ${tls}: a node's certificate is signed by that authority and names its address, and a node may ask for ours.`;
  }
  if (!codes.includes('ECONNRESET')) return undefined;
  return `Try again; if it lasts look after its nodes, and if they want TLS, set ${tls}.`;
}

/** Of a node that does not want us, whatever the others say. */
function refusalOf(reason: Error, names: OptionNames): JournalError | undefined {
  if (reason instanceof errors.AuthenticationError) return unknownUser(reason, names);
  // The driver looks for the local data center when it connects.
  if (reason instanceof errors.ArgumentError) return unknownDataCenter(reason, names);
  if (reason instanceof errors.ResponseError && !UNAVAILABLE_CODES.has(reason.code)) {
    return refused(reason);
  }
  return undefined;
}

function unknownUser(cause: Error, names: OptionNames): JournalError {
  const why = cause.message.includes('requires authentication')
    ? 'Cassandra asks for a user and a password.'
    : `Cassandra does not let this user in: ${cause.message}.`;
  return new JournalError('refused', `${why} Set ${names.credentials}.`, { cause });
}

function unknownDataCenter(cause: Error, names: OptionNames): JournalError {
  const [, found = cause.message] = /data centers: \[(.*)\]/.exec(cause.message) ?? [];
  return new JournalError(
    'refused',
    `Cassandra has no such data center; it has ${found}. Set ${names.localDataCenter} to one of them.`,
    { cause },
  );
}

function unavailable(
  cause: Error,
  what = cause.message,
  advice = 'Try again; look after its nodes if it lasts.',
): JournalError {
  return new JournalError(
    'unavailable',
    `Cassandra does not answer as it should: ${what}. ${advice}`,
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
