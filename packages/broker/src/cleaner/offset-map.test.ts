import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@chat-cluster/kernel';
import { MAP_ENTRY_BYTES, OffsetMap } from './offset-map.ts';

test('an offset map knows the last offset of each key, and no other key', () => {
  const random = seededRandom(3);
  const map = new OffsetMap({ bytesMax: MAP_ENTRY_BYTES * 1000 });
  const expected = new Map<string, number>();
  for (let offset = 0; offset < 3000; offset++) {
    const key = `key-${random.below(700)}`;
    assert.equal(map.put(Buffer.from(key), offset), true);
    expected.set(key, offset);
  }
  for (const [key, offset] of expected) assert.equal(map.get(Buffer.from(key)), offset);
  assert.equal(map.get(Buffer.from('another')), -1);
  assert.equal(map.get(Buffer.alloc(0)), -1);
});

test('a full offset map takes offsets of the keys that it has, and says no to others', () => {
  const map = new OffsetMap({ bytesMax: MAP_ENTRY_BYTES * 8 });
  for (let key = 0; key < 6; key++) assert.equal(map.put(Buffer.from([key]), key), true);
  assert.equal(map.put(Buffer.from([6]), 6), false);
  assert.equal(map.get(Buffer.from([6])), -1);
  assert.equal(map.put(Buffer.from([5]), 7), true);
  assert.equal(map.get(Buffer.from([5])), 7);
});
