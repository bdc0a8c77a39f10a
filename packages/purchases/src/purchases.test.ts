import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  TOTAL_PRICE_MAX,
  UserStatsRequestSchema,
  userEvents,
} from '@chat-cluster/contract/purchases';
import { purchases } from './purchases.ts';

const bought = { userId: '25', product: 'cat t-shirt', quantity: 3, price: 2080 };

test('a purchase is one event, and no other record', () => {
  assert.deepEqual(purchases.decide(purchases.initialState(), bought), {
    kind: 'decided',
    events: [{ type: 'purchase', product: 'cat t-shirt', quantity: 3, price: 2080 }],
    outputs: [],
  });
});

test('the same purchase twice is two purchases', () => {
  let state = purchases.initialState();
  for (let count = 0; count < 2; count += 1) {
    const decision = purchases.decide(state, bought);
    assert.ok(decision.kind === 'decided');
    state = purchases.evolve(state, decision.events[0]);
  }
  assert.deepEqual(state, { purchaseCount: 2, totalPrice: 12_480n });
});

test('the user is whom the value names; a value that cannot be is refused with its reason', () => {
  const read = purchases.inputs['user-events']!;
  assert.deepEqual(read({ value: userEvents.encode(bought) }), {
    ok: true,
    entityId: '25',
    command: bought,
  });
  assert.deepEqual(read({ value: userEvents.encode({ ...bought, price: -1 }) }), {
    ok: false,
    code: 'out-of-range',
    reason: 'price is -1; it must be a whole number from 0 to 1,000,000,000.',
  });
});

test('a total that could not be told exactly is not reached', () => {
  const state = { purchaseCount: 9_000, totalPrice: TOTAL_PRICE_MAX - 6_239n };
  assert.deepEqual(purchases.decide(state, bought), {
    kind: 'refused',
    code: 'total-too-large',
    reason:
      'With this purchase the user would have bought for 9223372036854775808 pence; at most 9223372036854775807 can be told.',
  });
});

test('a question that is none, or about somebody else, is refused', () => {
  const state = purchases.initialState();
  const other = toBinary(UserStatsRequestSchema, create(UserStatsRequestSchema, { id: '7' }));
  assert.deepEqual(purchases.answer(state, other, { entityId: '25' }), {
    kind: 'refused',
    reason: 'The question is about another user than it was sent to.',
  });
  assert.deepEqual(purchases.answer(state, Buffer.from([0xff]), { entityId: '25' }), {
    kind: 'refused',
    reason: 'The question is not a UserStatsRequest.',
  });
});

test('a snapshot is read in the version that it names, and no other', () => {
  const state = { purchaseCount: 2, totalPrice: 9_007_199_254_740_993n };
  const bytes = purchases.encodeState(state);
  assert.equal(
    Buffer.from(bytes).toString(),
    '{"version":1,"purchaseCount":2,"totalPrice":"9007199254740993"}',
  );
  assert.deepEqual(purchases.decodeState(bytes), state);
  const newer = Buffer.from('{"version":2,"purchaseCount":2,"totalPrice":"1"}');
  assert.throws(() => purchases.decodeState(newer), /not a snapshot .* in version 1/);
});

test('bytes that are no event are never taken for one', () => {
  assert.throws(() => purchases.decodeEvent(Buffer.from('{"type":"refund"}')), /not an event/);
});
