import { derElements, objectIdentifier, type DerElement } from './der.ts';

/** The attributes that RFC 2253 has names for; others are written as their numbers. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);

const Tag = {
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  GENERAL_STRING: 0x1b,
  BMP_STRING: 0x1e,
  VERSION: 0xa0,
} as const;

/**
 * The subject of a certificate in the form of RFC 2253, letter for letter as Java writes it, and so Kafka's default
 * principal builder: the last part first, `CN=alice,OU=chat,O=Example\, Inc.`.
 *
 * @param certificate its DER, of which TLS has read more than this does
 */
export function subjectName(certificate: Buffer): string {
  const [toBeSigned] = inside(derElements(certificate)[0]);
  const fields = inside(toBeSigned);
  // version (optional), serial number, signature, issuer, validity, subject
  const subject = fields[fields[0]?.tag === Tag.VERSION ? 5 : 4];
  return inside(subject).reverse().map(relativeName).join(',');
}

function inside(element: DerElement | undefined): DerElement[] {
  return element === undefined ? [] : derElements(element.contents);
}

/** One part of the name; a part of several attributes has them in the order of the certificate. */
function relativeName(set: DerElement): string {
  return inside(set).map(attribute).join('+');
}

function attribute(pair: DerElement): string {
  const [type, value] = inside(pair);
  const number = type === undefined ? '' : objectIdentifier(type.contents);
  const name = NAMES.get(number);
  const text = value === undefined ? null : textOf(value);
  if (name === undefined || text === null) {
    return `${name ?? number}=#${value?.whole.toString('hex') ?? ''}`;
  }
  return `${name}=${escaped(text)}`;
}

function textOf({ tag, contents }: DerElement): string | null {
  switch (tag) {
    case Tag.UTF8_STRING:
      return contents.toString('utf8');
    case Tag.PRINTABLE_STRING:
    case Tag.T61_STRING:
    case Tag.IA5_STRING:
    case Tag.GENERAL_STRING:
      return contents.toString('latin1');
    case Tag.BMP_STRING:
      return Buffer.from(contents.subarray(0, contents.byteLength & ~1))
        .swap16()
        .toString('utf16le');
    default:
      return null;
  }
}

function escaped(text: string): string {
  return text
    .replaceAll(/[,=+<>#;"\\]/gu, (character) => `\\${character}`)
    .replaceAll('\0', String.raw`\00`)
    .replaceAll(/^[ \r]+|[ \r]+$/gu, (spaces) => spaces.replaceAll(/[ \r]/gu, String.raw`\$&`));
}
