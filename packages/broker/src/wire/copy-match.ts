/**
 * What Snappy and LZ4 do when something comes again: appends `length` bytes that lie `distance` bytes back in the output,
 * which may overlap with what is appended. Returns the end of the output.
 *
 * @throws RangeError when they lie before the start of the output, or do not fit it
 */
export function copyMatch(
  output: Buffer,
  { at, distance, length }: { at: number; distance: number; length: number },
): number {
  const end = at + length;
  if (distance < 1 || distance > at || end > output.byteLength) {
    throw new RangeError('a repetition lies outside of the output');
  }
  if (distance >= length) {
    output.copyWithin(at, at - distance, end - distance);
    return end;
  }
  for (let to = at; to < end; to++) output[to] = output[to - distance] as number;
  return end;
}

/** Appends bytes as they are. As `copyMatch`. */
export function copyLiteral(
  output: Buffer,
  { at, input, from, length }: { at: number; input: Buffer; from: number; length: number },
): number {
  if (from + length > input.byteLength || at + length > output.byteLength) {
    throw new RangeError('bytes are missing');
  }
  return at + input.copy(output, at, from, from + length);
}
