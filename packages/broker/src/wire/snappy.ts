import { copyLiteral, copyMatch } from './copy-match.ts';
import { wasmCodecs } from './wasm-codecs.ts';

/**
 * What Java's clients write: blocks in a frame of their own. Others write one block without a frame, which Java reads too.
 *
 *     frame = 0x82 "SNAPPY" 0x00 version:int32 compatibleVersion:int32 (blockBytes:int32 block)*
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const HEADER = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const BLOCK_BYTES = 32 * 1024;
/** The densest element: three bytes that stand for 64. */
const GROWTH_MAX = 22;
const LENGTH_BYTES_MAX = 5;

/** @throws RangeError for what is no Snappy, or would be larger than `bytesMax` */
export function snappyDecompress(input: Buffer, bytesMax: number): Buffer {
  if (!input.subarray(0, MAGIC.byteLength).equals(MAGIC)) return decodeBlock(input, bytesMax);
  const blocks: Buffer[] = [];
  let leftBytes = bytesMax;
  for (let at = HEADER.byteLength; at < input.byteLength;) {
    const blockBytes = input.readUInt32BE(at);
    at += 4;
    if (blockBytes > input.byteLength - at) throw new RangeError('a block ends too early');
    const block = decodeBlock(input.subarray(at, at + blockBytes), leftBytes);
    leftBytes -= block.byteLength;
    blocks.push(block);
    at += blockBytes;
  }
  return Buffer.concat(blocks);
}

/** In frames, as Java's clients do. */
export function snappyCompress(input: Buffer): Buffer {
  const chunks: Buffer[] = [HEADER];
  for (let at = 0; at < input.byteLength; at += BLOCK_BYTES) {
    const block = wasmCodecs().snappyCompress(input.subarray(at, at + BLOCK_BYTES));
    const blockBytes = Buffer.alloc(4);
    blockBytes.writeUInt32BE(block.byteLength);
    chunks.push(blockBytes, block);
  }
  return Buffer.concat(chunks);
}

/**
 *     block = length:uvarint element*
 *     element = literal: 00 in the two lowest bits of the tag; its length less 1 in the other six, or behind it
 *             | copy: 01, 10, 11: length and distance in the tag and 1, 2 or 4 bytes
 */
function decodeBlock(input: Buffer, bytesMax: number): Buffer {
  const { length, at: start } = readLength(input);
  if (length > input.byteLength * GROWTH_MAX) throw new RangeError('a block lies about its length');
  if (length > bytesMax) throw new RangeError('it grows by too much');
  const output = Buffer.allocUnsafe(length);
  let at = start;
  let to = 0;
  while (at < input.byteLength) {
    const tag = input.readUInt8(at++);
    const kind = tag & 3;
    if (kind === 0) {
      const extraBytes = Math.max(0, (tag >> 2) - 59);
      const literalBytes = 1 + (extraBytes === 0 ? tag >> 2 : input.readUIntLE(at, extraBytes));
      at += extraBytes;
      to = copyLiteral(output, { at: to, input, from: at, length: literalBytes });
      at += literalBytes;
      continue;
    }
    const distanceBytes = kind === 3 ? 4 : kind;
    const lower = input.readUIntLE(at, distanceBytes);
    at += distanceBytes;
    to = copyMatch(output, {
      at: to,
      distance: kind === 1 ? ((tag >> 5) << 8) + lower : lower,
      length: kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1,
    });
  }
  if (to < length) throw new RangeError('a block ends too early');
  return output;
}

function readLength(input: Buffer): { length: number; at: number } {
  let length = 0;
  for (let at = 0; at < LENGTH_BYTES_MAX; at++) {
    const byte = input.readUInt8(at);
    length += (byte & 0x7f) * 128 ** at;
    if (byte < 0x80) return { length, at: at + 1 };
  }
  throw new RangeError('a block has no length');
}
