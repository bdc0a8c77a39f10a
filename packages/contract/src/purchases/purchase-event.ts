import type { Decoded } from '../decoded.ts';
import { ANY_COUNT, ANY_TEXT, type Fields, oneOf, text, wholeNumber } from '../fields.ts';
import { decodeJson, encodeJson } from '../json-value.ts';

/** What happened to a user: a purchase. Whose it is, the record's key and the journal's row say. */
export type PurchaseEvent = {
  readonly type: 'purchase';
  readonly product: string;
  readonly quantity: number;
  /** Of one, in pence. */
  readonly price: number;
};

/** `{"type":"purchase","product":…,"quantity":…,"price":…}` */
export function encodePurchaseEvent(event: PurchaseEvent): Uint8Array {
  const { type, product, quantity, price } = event;
  return encodeJson({ type, product, quantity, price });
}

/**
 * Checks types, not limits: an event is a fact, and stays readable when a limit becomes stricter.
 */
export function decodePurchaseEvent(bytes: Uint8Array | null): Decoded<PurchaseEvent> {
  return decodeJson(bytes, readPurchaseEvent);
}

function readPurchaseEvent(fields: Fields): PurchaseEvent {
  return {
    type: oneOf(fields, 'type', EVENT_TYPES),
    product: text(fields, 'product', ANY_TEXT),
    quantity: wholeNumber(fields, 'quantity', ANY_COUNT),
    price: wholeNumber(fields, 'price', ANY_COUNT),
  };
}

const EVENT_TYPES = ['purchase'] as const;
