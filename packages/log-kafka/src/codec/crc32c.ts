import { crc32c as libraryCrc32c, Reader } from '@platformatic/kafka';

/**
 * CRC-32C by the library: native where its optional dependency is installed, WebAssembly otherwise. It copies a plain
 * buffer first, but not one inside of its own kind of buffer, which a Reader makes: 4.4 against 3.0 GB/s at 16 KiB
 * (a table of 16 in JavaScript: 1.0).
 */
export function crc32c(bytes: Buffer): number {
  return libraryCrc32c(Reader.from(bytes).buffer);
}
