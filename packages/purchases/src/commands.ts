import { type Decoded, type UserPurchase, userEvents } from '@chat-cluster/contract/purchases';

/** What a user is asked to do: to have bought this. */
export type PurchaseCommand = UserPurchase;

/** A record's command and whose it is, or why there is none. */
export type ReadCommand =
  | { readonly ok: true; readonly entityId: string; readonly command: PurchaseCommand }
  | Extract<Decoded<never>, { readonly ok: false }>;

/**
 * Reads a record of user-events. The entity is the value's userId, whatever the record's key is: a
 * record that was keyed otherwise, or not at all, is forwarded home.
 */
export function readPurchase(record: { readonly value: Uint8Array | null }): ReadCommand {
  const decoded = userEvents.decode(record.value);
  if (!decoded.ok) return decoded;
  return { ok: true, entityId: decoded.value.userId, command: decoded.value };
}
