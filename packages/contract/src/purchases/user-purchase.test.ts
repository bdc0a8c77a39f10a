import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { type UserPurchaseProto, UserPurchaseProtoSchema } from '../gen/user_events_pb.ts';
import { decodeUserPurchase, encodeUserPurchase } from './user-purchase.ts';

const purchase = { userId: '25', product: 'cat t-shirt', quantity: 3, price: 2080 };

test('a purchase has exactly the bytes of the contract', () => {
  const bytes = encodeUserPurchase(purchase);
  assert.equal(
    Buffer.from(bytes).toString('latin1'),
    '\n\u000225\u0012\u000bcat t-shirt\u0018\u0003 \u00a0\u0010',
  );
  assert.deepEqual(decodeUserPurchase(bytes), { ok: true, value: purchase });
});

test('a field that nobody knows yet is ignored', () => {
  const bytes = Buffer.concat([encodeUserPurchase(purchase), Buffer.from([0x28, 1])]);
  assert.deepEqual(decodeUserPurchase(bytes), { ok: true, value: purchase });
});

test('the largest purchase is accepted, and its cost is exact', () => {
  const largest = { ...purchase, quantity: 1_000_000, price: 1_000_000_000 };
  assert.deepEqual(decodeUserPurchase(encodeUserPurchase(largest)), { ok: true, value: largest });
  assert.ok(Number.isSafeInteger(largest.quantity * largest.price));
});

test('what is negative, absurd or from nobody is refused with a code and a sentence', () => {
  const refusals = [
    [{ userId: '' }, 'userId is empty.'],
    [{ userId: 'é'.repeat(129) }, 'userId has 258 bytes; at most 256 are allowed.'],
    [{ product: 'x'.repeat(1_025) }, 'product has 1,025 bytes; at most 1,024 are allowed.'],
    [{ quantity: 0n }, 'quantity is 0; it must be a whole number from 1 to 1,000,000.'],
    [{ quantity: -3n }, 'quantity is -3; it must be a whole number from 1 to 1,000,000.'],
    [
      { quantity: 1_000_001n },
      'quantity is 1000001; it must be a whole number from 1 to 1,000,000.',
    ],
    [{ price: -1n }, 'price is -1; it must be a whole number from 0 to 1,000,000,000.'],
    [
      { price: 2n ** 63n - 1n },
      'price is 9223372036854775807; it must be a whole number from 0 to 1,000,000,000.',
    ],
  ] as const;
  for (const [change, reason] of refusals) {
    const decoded = decodeUserPurchase(bytesOf(change));
    assert.deepEqual(decoded, { ok: false, code: 'out-of-range', reason });
  }
});

test('what is no message is refused, whatever it is', () => {
  assert.deepEqual(decodeUserPurchase(null), {
    ok: false,
    code: 'no-value',
    reason: 'The record has no value.',
  });
  for (const bytes of [
    Buffer.from('\n\u00ff', 'latin1'),
    Buffer.from('{"userId":"25"}'),
    encodeUserPurchase(purchase).subarray(0, -1),
    // Not UTF-8.
    Buffer.from('\n\u0002\u00c3\u0028', 'latin1'),
  ]) {
    const decoded = decodeUserPurchase(bytes);
    assert.ok(!decoded.ok && decoded.code === 'not-protobuf', Buffer.from(bytes).toString('hex'));
    assert.match(decoded.reason, /^The value is not a UserPurchaseProto: .+\.$/);
  }
});

function bytesOf(change: Partial<UserPurchaseProto>): Uint8Array {
  const whole = { ...purchase, quantity: 3n, price: 2080n, ...change };
  return toBinary(UserPurchaseProtoSchema, create(UserPurchaseProtoSchema, whole));
}
