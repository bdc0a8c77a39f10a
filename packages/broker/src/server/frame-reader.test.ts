import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './frame-reader.ts';

function framesOf(chunks: readonly Buffer[]): string[] {
  const reader = new FrameReader({ frameBytesMax: () => 1000 });
  const frames: string[] = [];
  for (const chunk of chunks) reader.push(chunk, (frame) => frames.push(frame.toString()));
  return frames;
}

function framed(text: string): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(text.length);
  return Buffer.concat([size, Buffer.from(text)]);
}

test('frames are found however the bytes are cut into chunks', () => {
  const texts = ['first', '', 'a third one', 'x'.repeat(300)];
  const bytes = Buffer.concat(texts.map(framed));
  for (let size = 1; size <= bytes.byteLength; size++) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.byteLength; at += size) chunks.push(bytes.subarray(at, at + size));
    assert.deepEqual(framesOf(chunks), texts, `chunks of ${size}`);
  }
});

test('a small frame does not keep the chunk it came in', () => {
  const reader = new FrameReader({ frameBytesMax: () => 1000 });
  const chunk = Buffer.allocUnsafeSlow(913); // not in the pool, as what a socket reads
  Buffer.concat([framed('small'), framed('y'.repeat(900))]).copy(chunk);
  const kept: Buffer[] = [];
  reader.push(chunk, (frame) => kept.push(frame));
  assert.notEqual(kept[0]?.buffer, chunk.buffer);
  assert.equal(kept[1]?.buffer, chunk.buffer);
});

test('a size that is negative or too large is malformed', () => {
  for (const size of [-1, 1001]) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(size);
    assert.throws(() => framesOf([bytes]), { code: 'MALFORMED_MESSAGE' });
  }
});
