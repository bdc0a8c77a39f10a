import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeUtf8, encodeUtf8, fitsUtf8, utf8SizeBytes } from './utf8.ts';

test('an unpaired surrogate counts as the three bytes of U+FFFD', () => {
  for (const text of ['\ud800', 'a\udc00', '\ud800\ud800', '\ud800é', '\udc00\ud83d\ude00']) {
    assert.equal(utf8SizeBytes(text), Buffer.byteLength(text), JSON.stringify(text));
  }
});

test('results that share a slab do not overwrite each other', () => {
  const texts = Array.from({ length: 5_000 }, (_, index) => `${index}:${'é'.repeat(index % 40)}`);
  const encoded = texts.map(encodeUtf8);
  assert.deepEqual(
    encoded.map((bytes) => Buffer.from(bytes).toString()),
    texts,
  );
});

test('a text that is larger than a slab comes out whole', () => {
  const text = '€'.repeat(100_000);
  assert.deepEqual(Buffer.from(encodeUtf8(text)), Buffer.from(text));
});

test('bytes that are not UTF-8 are refused, never replaced', () => {
  for (const bytes of [
    [0x80],
    [0xc3],
    [0xc0, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0x61, 0xff, 0x62],
  ]) {
    assert.equal(decodeUtf8(Uint8Array.from(bytes)), undefined, String(bytes));
  }
});

test('a byte order mark is part of the text', () => {
  assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), '\uFEFFa');
});

test('a limit is met to the byte', () => {
  assert.ok(fitsUtf8('é'.repeat(50), 100));
  assert.ok(!fitsUtf8('é'.repeat(50), 99));
  assert.ok(fitsUtf8('a'.repeat(100), 100));
  assert.ok(!fitsUtf8('a'.repeat(101), 100));
  assert.ok(fitsUtf8('\ud83d\ude00', 4));
  assert.ok(!fitsUtf8('\ud83d\ude00', 3));
});
