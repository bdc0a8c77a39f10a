import { isCoordinatorMoving, kafkaError } from '../connections/kafka-errors.ts';

/**
 * What an error code in an answer of the group protocol means to the member.
 *
 * - `accepted`: no error.
 * - `again`: the coordinator is moving or loading; the same request may be answered later.
 * - `rebalance`: the group rebalances; member and generation still hold.
 * - `member-id-required`: join again with the id in this answer (KIP-394).
 * - `lost`: the coordinator does not know this member, or its generation is over.
 * - `refused`: sending the same again would not help.
 */
export type AnswerMeaning =
  | 'accepted'
  | 'again'
  | 'rebalance'
  | 'member-id-required'
  | 'lost'
  | 'refused';

export function meaningOf(errorCode: number): AnswerMeaning {
  if (isCoordinatorMoving(errorCode)) return 'again';
  return meanings.get(errorCode) ?? 'refused';
}

const meanings: ReadonlyMap<number, AnswerMeaning> = new Map([
  [kafkaError.none, 'accepted'],
  [kafkaError.unknownServerError, 'again'],
  [kafkaError.rebalanceInProgress, 'rebalance'],
  [kafkaError.memberIdRequired, 'member-id-required'],
  [kafkaError.unknownMemberId, 'lost'],
  [kafkaError.illegalGeneration, 'lost'],
  [kafkaError.fencedInstanceId, 'lost'],
]);
