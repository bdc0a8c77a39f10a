import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePartition, murmur2 } from './home-partition.ts';

const encoder = new TextEncoder();

test('murmur2 is what the Java client computes', () => {
  const known: Readonly<Record<string, number>> = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  };
  for (const [text, hash] of Object.entries(known)) {
    assert.equal(murmur2(encoder.encode(text)), hash, text);
  }
});

test('bytes above 127 and views into larger buffers are hashed as the bytes they are', () => {
  const padded = Uint8Array.from([9, 0x80, 0xff, 0x7f, 0x81, 0xfe, 9]);
  const view = padded.subarray(1, 6);
  assert.equal(murmur2(view), murmur2(Uint8Array.from([0x80, 0xff, 0x7f, 0x81, 0xfe])));
});

test('a home is a partition of the topic, also where the hash is negative', () => {
  assert.equal(homePartition(encoder.encode('21'), 12), (-973932308 & 0x7fffffff) % 12);
  const homes = new Set<number>();
  for (let index = 0; index < 1_000; index += 1) {
    homes.add(homePartition(encoder.encode(`key ${index}`), 12));
  }
  assert.deepEqual(
    [...homes].toSorted((a, b) => a - b),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
});
