import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENTITY_ID_BYTES_MAX, SEQ_MAX } from '@chat-cluster/journal';
import { EntityKeys } from './keys.ts';

const text = fc.string({ unit: 'binary', maxLength: 20 });
const seq = fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: SEQ_MAX }));

test('keys of one entity are ordered by seq, and no other entity lies between them', () => {
  fc.assert(
    fc.property(text, text, text, seq, seq, seq, (entityType, id, otherId, a, b, c) => {
      const keys = new EntityKeys(entityType);
      const [low = 0, high = 0] = [a, b].toSorted((x, y) => x - y);
      const [lowKey, highKey] = [keys.row(id, low), keys.row(id, high)];
      assert.equal(Math.sign(Buffer.compare(lowKey, highKey)), Math.sign(low - high));
      if (id === otherId) return;
      const otherKey = keys.row(otherId, c);
      const isBetween =
        Buffer.compare(lowKey, otherKey) <= 0 && Buffer.compare(otherKey, highKey) <= 0;
      assert.equal(isBetween, false);
    }),
  );
});

test('every key of a type lies between its prefix and its end, and no key of another type', () => {
  fc.assert(
    fc.property(text, text, text, seq, (entityType, otherType, id, number) => {
      const keys = new EntityKeys(entityType);
      const isInside = (key: Uint8Array): boolean =>
        Buffer.compare(keys.prefix, key) < 0 && Buffer.compare(key, keys.afterAll()) < 0;
      assert.equal(isInside(keys.row(id, number)), true);
      const other = new EntityKeys(otherType);
      assert.equal(isInside(other.row(id, number)), entityType === otherType);
    }),
  );
});

test('the entity and the seq are read from the key', () => {
  fc.assert(
    fc.property(text, text, seq, (entityType, entityId, number) => {
      const keys = new EntityKeys(entityType);
      const parsed = keys.parseRow(keys.row(entityId, number));
      assert.deepEqual(parsed, { entityId, seq: number });
    }),
  );
});

test('what does not fit into a key is a failed assertion', () => {
  const keys = new EntityKeys('type');
  const failure = { name: 'AssertionFailure' };
  assert.throws(() => keys.row('x'.repeat(ENTITY_ID_BYTES_MAX + 1), 0), failure);
  assert.throws(() => keys.row('é'.repeat(ENTITY_ID_BYTES_MAX / 2 + 1), 0), failure);
  assert.throws(() => keys.row('a', -1), failure);
  assert.throws(() => keys.row('a', SEQ_MAX + 2), failure);
  assert.throws(() => keys.row('a', 1.5), failure);
  assert.throws(() => new EntityKeys('x'.repeat(65)), failure);
});
