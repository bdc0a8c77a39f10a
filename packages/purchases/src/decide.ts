import { TOTAL_PRICE_MAX } from '@chat-cluster/contract/purchases';
import type { PurchaseCommand } from './commands.ts';
import { costOf, type PurchaseEvent } from './events.ts';
import type { UserState } from './initial-state.ts';

/** What was decided about a purchase; the shape that the engine asks of every entity's rules. */
export type Decision =
  | {
      readonly kind: 'decided';
      readonly events: readonly [PurchaseEvent];
      readonly outputs: readonly [];
    }
  /** The record becomes a dead letter. */
  | { readonly kind: 'refused'; readonly code: 'total-too-large'; readonly reason: string };

/**
 * Every purchase is one more, and what is the same twice was bought twice. The only one that is
 * refused is one that would take the user's total past what an answer can hold: a total is exact,
 * or it is not told.
 */
export function decide(state: UserState, purchase: PurchaseCommand): Decision {
  const { product, quantity, price } = purchase;
  const event: PurchaseEvent = { type: 'purchase', product, quantity, price };
  const totalPrice = state.totalPrice + BigInt(costOf(event));
  if (totalPrice > TOTAL_PRICE_MAX) {
    return {
      kind: 'refused',
      code: 'total-too-large',
      reason: `With this purchase the user would have bought for ${totalPrice} pence; at most ${TOTAL_PRICE_MAX} can be told.`,
    };
  }
  return { kind: 'decided', events: [event], outputs: [] };
}
