import { decodeUtf8, encodeUtf8 } from '@chat-cluster/contract';
import type { UserState } from './initial-state.ts';

/**
 * The version of the snapshot's format. A reader of another version throws, and must not guess:
 * bump it when the meaning of a field changes, and teach `decodeState` the older one.
 */
const SNAPSHOT_VERSION = 1;

/** `{"version":1,"purchaseCount":…,"totalPrice":"…"}`: the total as a text, because JSON's numbers are not exact. */
export function encodeState({ purchaseCount, totalPrice }: UserState): Uint8Array {
  return encodeUtf8(
    JSON.stringify({
      version: SNAPSHOT_VERSION,
      purchaseCount,
      totalPrice: String(totalPrice),
    }),
  );
}

/** The state of a snapshot. Throws on bytes that are none of this version. */
export function decodeState(bytes: Uint8Array): UserState {
  const snapshot: unknown = JSON.parse(decodeUtf8(bytes) ?? '');
  if (!isSnapshot(snapshot)) {
    throw new Error(
      `This is not a snapshot of a user's purchases in version ${SNAPSHOT_VERSION}; a newer program may have written it.`,
    );
  }
  const { purchaseCount, totalPrice } = snapshot;
  return { purchaseCount, totalPrice: BigInt(totalPrice) };
}

type Snapshot = { readonly purchaseCount: number; readonly totalPrice: string };

function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === SNAPSHOT_VERSION &&
    'purchaseCount' in value &&
    Number.isSafeInteger(value.purchaseCount) &&
    'totalPrice' in value &&
    typeof value.totalPrice === 'string' &&
    /^\d{1,19}$/.test(value.totalPrice)
  );
}
