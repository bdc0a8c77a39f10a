import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import {
  userIdProblem,
  UserService,
  type UserStatsRequest,
  UserStatsRequestSchema,
  UserStatsResponseSchema,
} from '@chat-cluster/contract/purchases';
import type { UnaryCaller, UnaryMethod } from '@chat-cluster/engine';

/**
 * Asks a user's entity, wherever it lives. Resolves with the answer's bytes; rejects with a ConnectError: UNAVAILABLE
 * when nobody answered in time.
 */
export type AskUser = (
  question: { readonly entityId: string; readonly question: Uint8Array },
  caller: UnaryCaller,
) => Promise<Uint8Array>;

/** Serves UserService from what the users' entities answer. */
export function serveUsers(router: ConnectRouter, ask: AskUser): void {
  router.service(UserService, {
    userStats: async (request, { signal, timeoutMs }) => {
      const caller = { signal, timeoutMs: timeoutMs() };
      return fromBinary(UserStatsResponseSchema, await askUser(ask, request, caller));
    },
  });
}

/** The same, for `listenRpc` to serve quickly: an entity's answer is the service's. */
export function userStats(ask: AskUser): UnaryMethod {
  return {
    path: `/${UserService.typeName}/${UserService.method.userStats.name}`,
    answer: async (message, caller) => askUser(ask, readRequest(message), caller),
  };
}

async function askUser(
  ask: AskUser,
  { id }: UserStatsRequest,
  caller: UnaryCaller,
): Promise<Uint8Array> {
  const problem = userIdProblem(id);
  if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
  // Made anew: what else a caller may have sent goes no further.
  const question = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id }));
  return ask({ entityId: id, question }, caller);
}

function readRequest(message: Uint8Array): UserStatsRequest {
  try {
    return fromBinary(UserStatsRequestSchema, message);
  } catch (cause) {
    throw new ConnectError('The question cannot be decoded.', Code.InvalidArgument, {}, [], cause);
  }
}
