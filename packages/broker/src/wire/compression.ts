import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { lz4Compress, lz4Decompress } from './lz4.ts';
import { MalformedMessage } from './malformed-message.ts';
import { snappyCompress, snappyDecompress } from './snappy.ts';

/** How the records of a batch are compressed; the number is Kafka's. */
export const Compression = { NONE: 0, GZIP: 1, SNAPPY: 2, LZ4: 3, ZSTD: 4 } as const;

/** The most that a batch may grow when it is decompressed: a guard against bombs. */
const DECOMPRESSED_BYTES_MAX = 128 * 1024 * 1024;

type Codec = {
  decompress(bytes: Buffer): Buffer;
  compress(bytes: Buffer): Buffer;
};

const limits = { maxOutputLength: DECOMPRESSED_BYTES_MAX };

const codecs: Readonly<Record<number, Codec>> = {
  [Compression.NONE]: { decompress: (bytes) => bytes, compress: (bytes) => bytes },
  [Compression.GZIP]: { decompress: (bytes) => gunzipSync(bytes, limits), compress: gzipSync },
  [Compression.SNAPPY]: {
    decompress: (bytes) => snappyDecompress(bytes, DECOMPRESSED_BYTES_MAX),
    compress: snappyCompress,
  },
  [Compression.LZ4]: {
    decompress: (bytes) => lz4Decompress(bytes, DECOMPRESSED_BYTES_MAX),
    compress: lz4Compress,
  },
  [Compression.ZSTD]: {
    decompress: (bytes) => zstdDecompressSync(bytes, limits),
    compress: zstdCompressSync,
  },
};

/**
 * The records of a batch, decompressed.
 *
 * @param compression the number in the attributes of the batch
 * @throws MalformedMessage for bytes that do not decompress, that grow by too much, and for a codec that Kafka does not have
 */
export function decompress(bytes: Buffer, compression: number): Buffer {
  const codec = codecs[compression];
  if (codec === undefined) {
    throw new MalformedMessage(
      `the records are compressed with codec ${compression}, which is not known`,
    );
  }
  try {
    return codec.decompress(bytes);
  } catch (cause) {
    throw new MalformedMessage(`the records cannot be decompressed: ${String(cause)}`);
  }
}

/** The inverse of `decompress`, with the codec's default level. */
export function compress(bytes: Buffer, compression: number): Buffer {
  const codec = codecs[compression];
  if (codec === undefined) throw new MalformedMessage(`there is no codec ${compression}`);
  return codec.compress(bytes);
}
