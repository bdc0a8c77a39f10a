import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Decoded, InvalidValue } from '../decoded.ts';
import { type TextBounds, text } from '../fields.ts';
import { type UserPurchaseProto, UserPurchaseProtoSchema } from '../gen/user_events_pb.ts';
import { PRICE_MAX, PRODUCT_BYTES_MAX, QUANTITY_MAX, USER_ID_BYTES_MAX } from '../limits.ts';

/** Somebody bought something. */
export type UserPurchase = {
  /** The user's identity: it counts, whatever the key of the record is. */
  readonly userId: string;
  readonly product: string;
  readonly quantity: number;
  /** Of one, in pence. */
  readonly price: number;
};

/** A UserPurchaseProto of user_events.proto. */
export function encodeUserPurchase(purchase: UserPurchase): Uint8Array {
  const { userId, product, quantity, price } = purchase;
  const message = create(UserPurchaseProtoSchema, {
    userId,
    product,
    quantity: BigInt(quantity),
    price: BigInt(price),
  });
  return toBinary(UserPurchaseProtoSchema, message);
}

/**
 * Reads a purchase within the limits, or says what is wrong with it. In protobuf a field that is
 * not there is empty or 0, and is judged as that.
 */
export function decodeUserPurchase(bytes: Uint8Array | null): Decoded<UserPurchase> {
  try {
    const message = parse(bytes);
    return {
      ok: true,
      value: {
        userId: text(message, 'userId', USER_ID),
        product: text(message, 'product', PRODUCT),
        quantity: within('quantity', message.quantity, { min: 1, max: QUANTITY_MAX }),
        price: within('price', message.price, { min: 0, max: PRICE_MAX }),
      },
    };
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    return { ok: false, code: error.code, reason: error.message };
  }
}

function parse(bytes: Uint8Array | null): UserPurchaseProto {
  if (bytes === null) throw new InvalidValue('no-value', 'The record has no value.');
  try {
    return fromBinary(UserPurchaseProtoSchema, bytes, { readUnknownFields: false });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be parsed';
    throw new InvalidValue('not-protobuf', `The value is not a UserPurchaseProto: ${why}.`);
  }
}

function within(
  name: string,
  value: bigint,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  if (value >= min && value <= max) return Number(value);
  throw new InvalidValue(
    'out-of-range',
    `${name} is ${value}; it must be a whole number from ${min} to ${max.toLocaleString('en')}.`,
  );
}

const USER_ID: TextBounds = { bytesMin: 1, bytesMax: USER_ID_BYTES_MAX };
const PRODUCT: TextBounds = { bytesMin: 0, bytesMax: PRODUCT_BYTES_MAX };
