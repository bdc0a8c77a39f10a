import type { UserPurchase } from '@chat-cluster/contract/purchases';
import type { Random } from '@chat-cluster/kernel';

/** Somebody buys something: a user from 0 to 99, one to four of a product, for up to a hundred pounds each. */
export function randomPurchase(random: Random): UserPurchase {
  return {
    userId: String(random.below(USER_COUNT)),
    product: PRODUCTS[random.below(PRODUCTS.length)]!,
    quantity: 1 + random.below(QUANTITY_MAX),
    price: PRICE_MIN + random.below(PRICE_MAX - PRICE_MIN + 1),
  };
}

const USER_COUNT = 100;
const QUANTITY_MAX = 4;
const PRICE_MIN = 100;
const PRICE_MAX = 9_999;
const PRODUCTS = ['cat t-shirt', 'dog hoodie', 'owl mug', 'fox socks', 'bear cap'] as const;
