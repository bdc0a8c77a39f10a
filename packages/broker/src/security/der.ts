/** One element of DER: a tag, and the bytes that it holds. */
export type DerElement = {
  readonly tag: number;
  readonly contents: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;
};

/** The elements that follow each other in these bytes. */
export function derElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  let rest = bytes;
  while (rest.byteLength > 0) {
    const element = firstElement(rest);
    elements.push(element);
    rest = rest.subarray(element.whole.byteLength);
  }
  return elements;
}

/**
 * Reads one element: `tag:uint8 length contents`. A length below 128 is one byte; a longer one is the number of its
 * bytes, plus 128, and these.
 *
 * @throws RangeError when the bytes end within it, for a tag of several bytes and for a length that is left open: neither
 *   is in what this reads
 */
function firstElement(bytes: Buffer): DerElement {
  const tag = bytes.readUInt8(0);
  const short = bytes.readUInt8(1);
  if ((tag & 0x1f) === 0x1f || short === 0x80) throw new RangeError('An element is not of DER.');
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  const whole = bytes.subarray(0, start + length);
  if (whole.byteLength < start + length) throw new RangeError('An element of DER is cut off.');
  return { tag, contents: whole.subarray(start), whole };
}

/** The number of an object identifier in dots: `2.5.4.3`. */
export function objectIdentifier(contents: Buffer): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contents) {
    arc = arc * 0x80 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length > 0) arcs.push(arc);
    else arcs.push(...firstArcs(arc));
    arc = 0;
  }
  return arcs.join('.');
}

/** The first two arcs share a number: `first * 40 + second`, the first at most 2. */
function firstArcs(arc: number): [number, number] {
  const first = Math.min(2, Math.floor(arc / 40));
  return [first, arc - 40 * first];
}
