/**
 * DescribeUserScramCredentials, version 0: mechanisms and iterations, of the users named or of all. Those of the
 * broker's options are among them.
 */
import { SCRAM, SCRAM_NAMES } from '../security/scram-credential.ts';
import type { ScramUsers } from '../security/scram-users.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { describeUserScramCredentials } from '../wire/messages/50-describe-user-scram-credentials.ts';
import { on } from './handler.ts';
import { namedTwice } from './named-twice.ts';

export const describeUserScramCredentialsHandler = on(
  describeUserScramCredentials,
  ({ users }, { broker: { scramUsers } }) => {
    const named = new Set(users?.map(({ name }) => name));
    const names = named.size === 0 ? scramUsers.names : [...named];
    const twice = namedTwice(users ?? []);
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      results: names.map((user) =>
        twice.has(user) ? duplicate(user) : described(user, scramUsers),
      ),
    };
  },
);

function described(user: string, scramUsers: ScramUsers) {
  const credentialInfos = SCRAM_NAMES.flatMap((mechanism) => {
    const credential = scramUsers.credential(mechanism, user);
    if (credential === undefined) return [];
    return [{ mechanism: SCRAM[mechanism].type, iterations: credential.iterations }];
  });
  const isFound = credentialInfos.length > 0;
  return {
    user,
    errorCode: isFound ? ErrorCode.NONE : ErrorCode.RESOURCE_NOT_FOUND,
    errorMessage: isFound
      ? null
      : `Attempt to describe a user credential that does not exist: ${user}`,
    credentialInfos,
  };
}

function duplicate(user: string) {
  return {
    user,
    errorCode: ErrorCode.DUPLICATE_RESOURCE,
    errorMessage: `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
    credentialInfos: [],
  };
}
