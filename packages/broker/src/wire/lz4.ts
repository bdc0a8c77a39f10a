import { copyLiteral, copyMatch } from './copy-match.ts';
import { wasmCodecs } from './wasm-codecs.ts';

const MAGIC = 0x184d2204;
const HEADER_BYTES = 7;
const BLOCK_BYTES_MAX = [64, 256, 1024, 4096].map((kib) => kib * 1024);
/** A byte that goes on a length stands for 255. */
const GROWTH_MAX = 255;
const RAW_BIT = 0x8000_0000;
const MATCH_BYTES_MIN = 4;

type Block = { readonly bytes: Buffer; readonly isRaw: boolean; readonly sizeBytesMax: number };

/**
 * Checksums are not looked at: the batch has one over all.
 *
 * @throws RangeError for what is no frame of LZ4, or could be larger than `bytesMax`
 */
export function lz4Decompress(input: Buffer, bytesMax: number): Buffer {
  const blocks = [...readBlocks(input)];
  const sizeBytesMax = blocks.reduce((sum, block) => sum + block.sizeBytesMax, 0);
  if (sizeBytesMax > bytesMax) throw new RangeError('it grows by too much');
  const output = Buffer.allocUnsafe(sizeBytesMax);
  let to = 0;
  for (const { bytes, isRaw, sizeBytesMax: blockBytesMax } of blocks) {
    const limited = output.subarray(0, to + blockBytesMax);
    to = isRaw
      ? copyLiteral(limited, { at: to, input: bytes, from: 0, length: bytes.byteLength })
      : decodeBlock(bytes, limited, to);
  }
  return output.subarray(0, to);
}

export function lz4Compress(input: Buffer): Buffer {
  return wasmCodecs().lz4Compress(input);
}

/**
 *     frame = magic:uint32le flags:uint8 blockSize:uint8 [contentBytes:int64] [dictionary:int32] checksum:uint8
 *             (blockBytes:uint32le block [checksum:int32])* 0:uint32 [checksum:int32]
 */
function* readBlocks(input: Buffer): Generator<Block, void, undefined> {
  if (input.readUInt32LE(0) !== MAGIC) throw new RangeError('it is no frame');
  const flags = input.readUInt8(4);
  const blockBytesMax = BLOCK_BYTES_MAX[((input.readUInt8(5) >> 4) & 7) - 4];
  if (blockBytesMax === undefined) throw new RangeError('there is no such block size');
  if ((flags & 0x01) !== 0) throw new RangeError('it needs a dictionary');
  const checksumBytes = (flags & 0x10) === 0 ? 0 : 4;
  let at = HEADER_BYTES + ((flags & 0x08) === 0 ? 0 : 8);
  for (;;) {
    const field = input.readUInt32LE(at);
    at += 4;
    if (field === 0) return;
    const isRaw = field >= RAW_BIT;
    const blockBytes = field % RAW_BIT;
    if (blockBytes > input.byteLength - at) throw new RangeError('a block ends too early');
    const sizeBytesMax = isRaw ? blockBytes : Math.min(blockBytesMax, blockBytes * GROWTH_MAX);
    yield { bytes: input.subarray(at, at + blockBytes), isRaw, sizeBytesMax };
    at += blockBytes + checksumBytes;
  }
}

/**
 *     block = (token:uint8 [more of the literal's length] literal distance:uint16le [more of the match's length])*
 *
 * The last sequence ends with its literal. The token has the two lengths, 15 meaning that more follows.
 */
function decodeBlock(input: Buffer, output: Buffer, start: number): number {
  let at = 0;
  let to = start;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    for (let byte = nibble === 15 ? 255 : 0; byte === 255; length += byte) {
      byte = input.readUInt8(at++);
    }
    return length;
  };
  while (at < input.byteLength) {
    const token = input.readUInt8(at++);
    const literalBytes = lengthOf(token >> 4);
    to = copyLiteral(output, { at: to, input, from: at, length: literalBytes });
    at += literalBytes;
    if (at === input.byteLength) break;
    const distance = input.readUInt16LE(at);
    at += 2;
    to = copyMatch(output, { at: to, distance, length: lengthOf(token & 15) + MATCH_BYTES_MIN });
  }
  return to;
}
