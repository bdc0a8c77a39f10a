import { USER_PROCESSING } from '@chat-cluster/contract/purchases';
import {
  askDeadlineMs,
  type EntityRouter,
  RouterError,
  toConnectError,
} from '@chat-cluster/engine';
import type { AskUser } from './user-service.ts';

/** Asks users by a router: the worker of this node, or the node that owns the user, one hop away; also while shards move. */
export function askUsersBy(router: EntityRouter): AskUser {
  return async ({ entityId, question }, { signal, timeoutMs }) => {
    const deadlineMs = askDeadlineMs(timeoutMs);
    try {
      const { answer } = await router.ask(USER_PROCESSING, entityId, question, {
        deadlineMs,
        signal,
      });
      return answer;
    } catch (error) {
      throw error instanceof RouterError ? toConnectError(error) : error;
    }
  };
}
