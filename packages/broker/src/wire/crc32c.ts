const POLYNOMIAL_REVERSED = 0x82f63b78;
const SLICES = 16;
const tables = buildTables();

/**
 * CRC-32C (Castagnoli) of `bytes[start, end)`, the checksum of Kafka's record batches, as an unsigned number.
 *
 * Sixteen bytes a step ("slicing-by-16"): about 1.3 GB/s in V8, so that no native module is needed. `seed` continues
 * the checksum of what came before. Source: Kounavis and Berry, "A Systematic Approach to Building High Performance
 * Software-Based CRC Generators"; RFC 3720 B.4 has the test vectors.
 */
export function crc32c(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.byteLength,
  seed = 0,
): number {
  let crc = ~seed;
  let at = start;
  for (const last = end - SLICES; at <= last; at += SLICES) {
    crc =
      lookUp(15, byteAt(bytes, at) ^ (crc & 0xff)) ^
      lookUp(14, byteAt(bytes, at + 1) ^ ((crc >>> 8) & 0xff)) ^
      lookUp(13, byteAt(bytes, at + 2) ^ ((crc >>> 16) & 0xff)) ^
      lookUp(12, byteAt(bytes, at + 3) ^ (crc >>> 24)) ^
      lookUp(11, byteAt(bytes, at + 4)) ^
      lookUp(10, byteAt(bytes, at + 5)) ^
      lookUp(9, byteAt(bytes, at + 6)) ^
      lookUp(8, byteAt(bytes, at + 7)) ^
      lookUp(7, byteAt(bytes, at + 8)) ^
      lookUp(6, byteAt(bytes, at + 9)) ^
      lookUp(5, byteAt(bytes, at + 10)) ^
      lookUp(4, byteAt(bytes, at + 11)) ^
      lookUp(3, byteAt(bytes, at + 12)) ^
      lookUp(2, byteAt(bytes, at + 13)) ^
      lookUp(1, byteAt(bytes, at + 14)) ^
      lookUp(0, byteAt(bytes, at + 15));
  }
  for (; at < end; at++) {
    crc = lookUp(0, (crc & 0xff) ^ byteAt(bytes, at)) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

// Both indexes are in range by construction; V8 inlines these, and the compiler is spared sixteen non-null marks.
function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

function lookUp(slice: number, byte: number): number {
  return tables[slice * 256 + byte] as number;
}

function buildTables(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL_REVERSED : 0);
    table[byte] = crc;
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = table[(slice - 1) * 256 + byte] as number;
      table[slice * 256 + byte] = (before >>> 8) ^ (table[before & 0xff] as number);
    }
  }
  return table;
}
