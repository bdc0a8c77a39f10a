/**
 * AlterUserScramCredentials, version 0. The client sends the salted password; what is kept of it is what SCRAM needs.
 *
 * Answers when the changes are durable. A user that is named twice in a request is not changed at all, also for two
 * mechanisms, as Kafka does. Users of the broker's options are changed there alone. There is no access control: every
 * client that the listener lets in may alter credentials.
 */
import {
  ITERATIONS_MAX,
  ITERATIONS_MIN,
  SCRAM,
  SCRAM_NAMES,
  scramCredential,
} from '../security/scram-credential.ts';
import type { ScramUsers } from '../security/scram-users.ts';
import type { RequestOf } from '../wire/api-declaration.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { alterUserScramCredentials } from '../wire/messages/51-alter-user-scram-credentials.ts';
import { on } from './handler.ts';
import { namedTwice } from './named-twice.ts';

type Request = RequestOf<typeof alterUserScramCredentials>;
type Deletion = Request['deletions'][number];
type Upsertion = Request['upsertions'][number];

/** Kafka's own client makes salts of 26 bytes. */
const SALT_BYTES_MAX = 256;

type Result = {
  readonly user: string;
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
};

export const alterUserScramCredentialsHandler = on(
  alterUserScramCredentials,
  async ({ deletions, upsertions }, { broker: { scramUsers } }) => {
    const twice = namedTwice([...deletions, ...upsertions]);
    const isNamedOnce = ({ name }: { readonly name: string }): boolean => !twice.has(name);
    // All take effect now, in the order of the request.
    const altering = [
      ...deletions.filter(isNamedOnce).map((deletion) => remove(deletion, scramUsers)),
      ...upsertions.filter(isNamedOnce).map((upsertion) => upsert(upsertion, scramUsers)),
    ];
    return { results: [...[...twice].map(duplicate), ...(await Promise.all(altering))] };
  },
);

async function remove(
  { name, mechanism: type }: Deletion,
  scramUsers: ScramUsers,
): Promise<Result> {
  const problem = problemOf(name, scramUsers);
  const mechanism = mechanismOf(type);
  if (problem !== null) return refused(name, ErrorCode.UNACCEPTABLE_CREDENTIAL, problem);
  if (mechanism === undefined) return unknownMechanism(name);
  if (scramUsers.credential(mechanism, name) === undefined) {
    return refused(
      name,
      ErrorCode.RESOURCE_NOT_FOUND,
      'Attempt to delete a user credential that does not exist',
    );
  }
  return altered(name, scramUsers.delete(mechanism, name));
}

async function upsert(upsertion: Upsertion, scramUsers: ScramUsers): Promise<Result> {
  const { name, mechanism: type, iterations, salt, saltedPassword: salted } = upsertion;
  const mechanism = mechanismOf(type);
  const problem = problemOf(name, scramUsers);
  if (problem !== null) return refused(name, ErrorCode.UNACCEPTABLE_CREDENTIAL, problem);
  if (mechanism === undefined) return unknownMechanism(name);
  const unacceptable = problemOfCredential(upsertion, SCRAM[mechanism].hashBytes);
  if (unacceptable !== null) return refused(name, ErrorCode.UNACCEPTABLE_CREDENTIAL, unacceptable);
  const credential = scramCredential(mechanism, { salted, salt, iterations });
  return altered(name, scramUsers.upsert(mechanism, name, credential));
}

function problemOf(name: string, scramUsers: ScramUsers): string | null {
  if (name === '') return 'Username must not be empty';
  return scramUsers.isConfigured(name)
    ? "The user is one of the broker's options: change its password there."
    : null;
}

function problemOfCredential(
  { iterations, salt, saltedPassword }: Upsertion,
  hashBytes: number,
): string | null {
  if (iterations < ITERATIONS_MIN) return 'Too few iterations';
  if (iterations > ITERATIONS_MAX) return 'Too many iterations';
  if (salt.byteLength === 0) return 'The salt is empty.';
  if (salt.byteLength > SALT_BYTES_MAX) return `The salt has more than ${SALT_BYTES_MAX} bytes.`;
  return saltedPassword.byteLength === hashBytes
    ? null
    : `The salted password does not have the ${hashBytes} bytes of the mechanism.`;
}

function mechanismOf(type: number) {
  return SCRAM_NAMES.find((name) => SCRAM[name].type === type);
}

function duplicate(user: string): Result {
  const message = 'A user credential cannot be altered twice in the same request';
  return refused(user, ErrorCode.DUPLICATE_RESOURCE, message);
}

function unknownMechanism(user: string): Result {
  return refused(user, ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism');
}

function altered(user: string, durable: Promise<void>): Promise<Result> {
  return durable.then(
    () => ({ user, errorCode: ErrorCode.NONE, errorMessage: null }),
    () => refused(user, ErrorCode.KAFKA_STORAGE_ERROR, 'The disk takes no writes.'),
  );
}

function refused(user: string, errorCode: ErrorCode, errorMessage: string): Result {
  return { user, errorCode, errorMessage };
}
