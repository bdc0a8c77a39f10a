import { type PurchaseEvent, userProcessingEvents } from '@chat-cluster/contract/purchases';

export type { PurchaseEvent };

/** The event's bytes, as they are in its topic and in the journal. */
export const encodeEvent: (event: PurchaseEvent) => Uint8Array = userProcessingEvents.encode;

/**
 * Reads an event of the journal. Throws on bytes that are none: what was committed can always be
 * read, so they are not what was committed.
 */
export function decodeEvent(bytes: Uint8Array): PurchaseEvent {
  const decoded = userProcessingEvents.decode(bytes);
  if (decoded.ok) return decoded.value;
  throw new Error(`This is not an event of a user's purchases: ${decoded.reason}`);
}

/** In pence. Exact: the limits of a purchase keep it at 10^15 or less, below 2^53. */
export function costOf({ quantity, price }: PurchaseEvent): number {
  return quantity * price;
}
