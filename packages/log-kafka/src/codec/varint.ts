/**
 * Varints of the record format: seven bits a byte, the lowest first, the top bit set on all but the last;
 * signed numbers are zigzagged first (0, -1, 1, -2 → 0, 1, 2, 3). https://kafka.apache.org/documentation/#recordheader
 */

/** Bytes of a zigzagged varint of a 32-bit number. */
export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  if (zigzag < 0x1000_0000) return 4;
  return 5;
}

/** Writes a zigzagged varint of a 32-bit number; returns the place after it. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  let next = at;
  while (rest >= 0x80) {
    target[next] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
    next += 1;
  }
  target[next] = rest;
  return next + 1;
}

/** Bytes of a zigzagged varint of a whole number up to 2^53. */
export function varlongSize(value: number): number {
  let rest = zigzagLong(value);
  let size = 1;
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80);
    size += 1;
  }
  return size;
}

/** Writes a zigzagged varint of a whole number up to 2^52 either way; returns the place after it. */
export function writeVarlong(target: Uint8Array, at: number, value: number): number {
  let rest = zigzagLong(value);
  let next = at;
  while (rest >= 0x80) {
    target[next] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
    next += 1;
  }
  target[next] = rest;
  return next + 1;
}

function zigzagLong(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1;
}
