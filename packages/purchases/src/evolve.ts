import { assert } from '@chat-cluster/kernel';
import { costOf, type PurchaseEvent } from './events.ts';
import type { UserState } from './initial-state.ts';

/** The state after the event: the one that was given, changed. */
export function evolve(state: UserState, event: PurchaseEvent): UserState {
  const cost = costOf(event);
  assert(Number.isSafeInteger(cost), 'What a purchase costs is a whole number that is exact.');
  state.purchaseCount += 1;
  state.totalPrice += BigInt(cost);
  return state;
}
