import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import {
  TOTAL_PRICE_MAX,
  type UserPurchase,
  UserStatsRequestSchema,
  UserStatsResponseSchema,
  userEvents,
} from '@chat-cluster/contract/purchases';
import { initialState, type UserState } from './initial-state.ts';
import { purchases } from './purchases.ts';

const USER = '25';

const purchase: fc.Arbitrary<UserPurchase> = fc.record(
  {
    userId: fc.constant(USER),
    product: fc.string({ unit: 'grapheme', maxLength: 30 }),
    quantity: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 1_000_000 })),
    price: fc.oneof(fc.integer({ min: 0, max: 9_999 }), fc.integer({ min: 0, max: 1_000_000_000 })),
  },
  { noNullPrototype: true },
);

/** Sends a purchase all the way: as a record's bytes, and its event as the journal's. */
function buy(state: UserState, bought: UserPurchase): UserState {
  const read = purchases.inputs['user-events']!({ value: userEvents.encode(bought) });
  assert.ok(read.ok && read.entityId === USER);
  const decision = purchases.decide(state, read.command);
  assert.ok(decision.kind === 'decided');
  const bytes = purchases.encodeEvent(decision.events[0]);
  return purchases.evolve(state, purchases.decodeEvent(bytes));
}

function statsOf(state: UserState): { totalPurchases: bigint; totalPrice: bigint } {
  const question = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id: USER }));
  const answered = purchases.answer(state, question, { entityId: USER });
  assert.ok(answered.kind === 'answer');
  const { id, totalPurchases, totalPrice } = fromBinary(UserStatsResponseSchema, answered.bytes);
  assert.equal(id, USER);
  return { totalPurchases, totalPrice };
}

test('the totals are those of adding up all purchases by hand, also across snapshots', () => {
  const step = fc.record({ bought: purchase, isSnapshot: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state = purchases.initialState();
      for (const { bought, isSnapshot } of steps) {
        if (isSnapshot) state = purchases.decodeState(purchases.encodeState(state));
        state = buy(state, bought);
      }
      const totalPrice = steps.reduce(
        (sum, { bought }) => sum + BigInt(bought.quantity) * BigInt(bought.price),
        0n,
      );
      assert.deepEqual(statsOf(state), { totalPurchases: BigInt(steps.length), totalPrice });
    }),
    { numRuns: 300 },
  );
});

test('close to the largest total, what fits is exact and what does not is refused', () => {
  const left = fc.bigInt({ min: 0n, max: 10n ** 15n });
  fc.assert(
    fc.property(left, purchase, (leftPence, bought) => {
      const state = { purchaseCount: 9_000, totalPrice: TOTAL_PRICE_MAX - leftPence };
      const before = { ...state };
      const decision = purchases.decide(state, bought);
      assert.deepEqual(state, before);
      const cost = BigInt(bought.quantity) * BigInt(bought.price);
      assert.equal(decision.kind, cost <= leftPence ? 'decided' : 'refused');
      if (decision.kind !== 'decided') return;
      const after = purchases.decodeState(
        purchases.encodeState(purchases.evolve(state, decision.events[0])),
      );
      assert.deepEqual(statsOf(after), {
        totalPurchases: 9_001n,
        totalPrice: before.totalPrice + cost,
      });
    }),
  );
});

test('a user whom nobody has heard of has bought nothing', () => {
  assert.deepEqual(statsOf(initialState()), { totalPurchases: 0n, totalPrice: 0n });
});
