import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import {
  USER_ID_BYTES_MAX,
  UserService,
  UserStatsRequestSchema,
  UserStatsResponseSchema,
} from '@chat-cluster/contract/purchases';

/**
 * Asks a user's entity, wherever it lives. Resolves with the answer's bytes; rejects with a ConnectError: UNAVAILABLE
 * when nobody answered in time.
 */
export type AskUser = (
  question: { readonly entityId: string; readonly question: Uint8Array },
  caller: {
    /** Aborted when nobody waits any more. */
    readonly signal: AbortSignal;
    /** How long the caller waits; undefined if it did not say. */
    readonly timeoutMs: number | undefined;
  },
) => Promise<Uint8Array>;

/** Serves UserService from what the users' entities answer. */
export function serveUsers(router: ConnectRouter, ask: AskUser): void {
  router.service(UserService, {
    userStats: async ({ id }, { signal, timeoutMs }) => {
      const problem = idProblem(id);
      if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
      const question = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id }));
      const caller = { signal, timeoutMs: timeoutMs() };
      return fromBinary(UserStatsResponseSchema, await ask({ entityId: id, question }, caller));
    },
  });
}

/** Why no user has this id, as a sentence; undefined if one can. */
function idProblem(id: string): string | undefined {
  if (id === '') return 'The id is empty; it must be that of a user.';
  const bytes = Buffer.byteLength(id);
  if (bytes <= USER_ID_BYTES_MAX) return undefined;
  return `The id has ${bytes} bytes; at most ${USER_ID_BYTES_MAX} are allowed.`;
}
