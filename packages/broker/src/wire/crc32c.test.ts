import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c } from './crc32c.ts';

test('the checksum agrees with the vectors of RFC 3720', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('every length and every start gives what the bytes one by one give', () => {
  const bytes = Uint8Array.from({ length: 100 }, (_, index) => (index * 151) & 0xff);
  for (let start = 0; start < 20; start++) {
    for (let end = start; end <= 100; end++) {
      let expected = 0;
      for (let at = start; at < end; at++) expected = crc32c(bytes, at, at + 1, expected);
      assert.equal(crc32c(bytes, start, end), expected);
    }
  }
});
