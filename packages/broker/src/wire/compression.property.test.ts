import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { snappyCompress } from '@platformatic/wasm-utils';
import fc from 'fast-check';
import { compress, Compression, decompress } from './compression.ts';
import { MalformedMessage } from './malformed-message.ts';

const CODECS = Object.values(Compression);

/** Bytes that repeat themselves, near and far, as records do. */
const input = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.integer({ min: 1, max: 9000 }))
        .map(([bytes, count]) => Buffer.alloc(count, Buffer.from(bytes))),
      fc.constantFrom('the same', 'again', 'and another').map((text) => Buffer.from(text)),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts));

describe('every codec of Kafka', () => {
  test('gives back what was compressed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), input, (codec, bytes) => {
        assert.deepEqual(decompress(compress(bytes, codec), codec), bytes);
      }),
      { numRuns: 600 },
    );
  });

  test('gives back what others compressed: Snappy without a frame', () => {
    fc.assert(
      fc.property(input, (bytes) => {
        assert.deepEqual(decompress(snappyCompress(bytes), Compression.SNAPPY), bytes);
      }),
    );
  });

  test('says of anything else that it is malformed, or gives something', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom(...CODECS), input, damage, (codec, bytes, changes) => {
        const damaged = Buffer.from(compress(bytes, codec));
        for (const [at, byte] of changes) damaged[at % damaged.byteLength] = byte;
        try {
          decompress(damaged, codec);
        } catch (error) {
          assert.ok(error instanceof MalformedMessage, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test('blocks of LZ4 that refer to those before them are read, and raw ones', () => {
  const header = Buffer.from('04224d18407000', 'hex');
  const raw = Buffer.from([4, 0, 0, 0x80, ...Buffer.from('abcd')]);
  // No literal, four bytes from four back, then the literal "e".
  const linked = Buffer.from([5, 0, 0, 0, 0x00, 4, 0, 0x10, ...Buffer.from('e')]);
  const frame = Buffer.concat([header, raw, linked, Buffer.alloc(4)]);
  assert.equal(decompress(frame, Compression.LZ4).toString(), 'abcdabcde');
});
