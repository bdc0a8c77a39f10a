import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  type UserStatsRequest,
  UserStatsRequestSchema,
  UserStatsResponseSchema,
} from '@chat-cluster/contract/purchases';
import type { UserState } from './initial-state.ts';

/** The answer to a question about a user, or what is wrong with the question. */
export type Answered =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Answers a question about a user: a UserStatsRequest with a UserStatsResponse. A user who has
 * bought nothing yet is one like all others, with 0 and 0. Changes nothing.
 */
export function answer(
  state: UserState,
  question: Uint8Array,
  { entityId }: { readonly entityId: string },
): Answered {
  const request = parse(question);
  if (request === undefined) {
    return { kind: 'refused', reason: 'The question is not a UserStatsRequest.' };
  }
  if (request.id !== entityId) {
    return { kind: 'refused', reason: 'The question is about another user than it was sent to.' };
  }
  const response = create(UserStatsResponseSchema, {
    id: entityId,
    totalPurchases: BigInt(state.purchaseCount),
    totalPrice: state.totalPrice,
  });
  return { kind: 'answer', bytes: toBinary(UserStatsResponseSchema, response) };
}

function parse(question: Uint8Array): UserStatsRequest | undefined {
  try {
    return fromBinary(UserStatsRequestSchema, question);
  } catch {
    return undefined;
  }
}
