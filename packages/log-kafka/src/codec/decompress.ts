import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { LogError } from '@chat-cluster/log';

/**
 * Decompresses the records of a batch.
 *
 * @param compression the number in the batch's attributes
 * @throws LogError `corrupt` for bytes that do not decompress, an unknown algorithm, or more than DECOMPRESSED_BYTES_MAX
 */
export function decompress(bytes: Buffer, compression: number): Buffer {
  const algorithm = algorithms[compression];
  if (!algorithm) {
    throw new LogError(
      'corrupt',
      `A record batch is compressed by an unknown algorithm, ${compression}.`,
    );
  }
  try {
    return algorithm(bytes);
  } catch (cause) {
    throw new LogError('corrupt', 'The records of a batch cannot be decompressed.', { cause });
  }
}

/**
 * Most bytes that one batch may become, so that a small batch cannot fill the memory: 64 times the default limit of a
 * batch (1 MiB). Snappy and LZ4 cannot grow by more than about 20 and 255 times, which bounds them.
 */
const DECOMPRESSED_BYTES_MAX = 64 * 1024 * 1024;

const algorithms: Readonly<Record<number, (bytes: Buffer) => Buffer>> = {
  1: (bytes) => gunzipSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX }),
  2: (bytes) => compressionsAlgorithms.snappy.decompressSync(bytes),
  3: (bytes) => compressionsAlgorithms.lz4.decompressSync(bytes),
  4: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: DECOMPRESSED_BYTES_MAX }),
};
