import { InvalidValue } from './decoded.ts';
import { fitsUtf8, utf8SizeBytes } from './utf8.ts';

/** The fields of a JSON object, not yet looked at. */
export type Fields = Readonly<Record<string, unknown>>;

/** How long a text may be, in UTF-8 bytes, both ends included. */
export type TextBounds = {
  readonly bytesMin: 0 | 1;
  readonly bytesMax: number;
  /** Half a character (an unpaired surrogate) is let through; default false. */
  readonly mayBeIllFormed?: boolean;
};

/** How large a whole number may be, both ends included. */
export type NumberBounds = { readonly min: number; readonly max: number };

/**
 * For texts that were checked when they came in: what was once accepted stays readable when a limit
 * becomes stricter.
 */
export const ANY_TEXT: TextBounds = { bytesMin: 0, bytesMax: Infinity, mayBeIllFormed: true };

/** For lists of such texts. */
export const ANY_TEXTS = { ...ANY_TEXT, countMax: Infinity } as const;

/** For numbers that count. */
export const ANY_COUNT: NumberBounds = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** For times, which may lie before 1970. */
export const ANY_NUMBER: NumberBounds = {
  min: Number.MIN_SAFE_INTEGER,
  max: Number.MAX_SAFE_INTEGER,
};

/** The value as an object. `what` begins the sentence that refuses it. */
export function fieldsOf(what: string, value: unknown): Fields {
  if (value === undefined) {
    throw new InvalidValue('missing-field', `${what} is missing; it must be a JSON object.`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidValue('wrong-type', `${what} is ${found(value)}, not a JSON object.`);
  }
  return value as Fields;
}

/** A text that must be there. */
export function text(fields: Fields, name: string, bounds: TextBounds): string {
  return checkedText(name, present(fields, name, 'a text'), bounds);
}

/** A text that may be left out; null is the same as leaving it out. */
export function optionalText(fields: Fields, name: string, bounds: TextBounds): string | undefined {
  const value = fields[name];
  return value === undefined || value === null ? undefined : checkedText(name, value, bounds);
}

/** A list of texts that must be there, each within the bounds. */
export function textList(
  fields: Fields,
  name: string,
  limits: TextBounds & { readonly countMax: number },
): readonly string[] {
  const items = list(fields, name, limits.countMax);
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    // The name with its index is built only for an item that is refused: the list is on the path of
    // every message.
    if (!isTextWithin(item, limits)) checkedText(`${name}[${index}]`, item, limits);
  }
  return items as readonly string[];
}

/** A list that must be there, its items not yet looked at. */
export function list(fields: Fields, name: string, countMax: number): readonly unknown[] {
  const value = present(fields, name, 'a list');
  if (!Array.isArray(value)) {
    throw new InvalidValue('wrong-type', `${name} is ${found(value)}, not a list.`);
  }
  if (value.length > countMax) {
    throw new InvalidValue(
      'out-of-range',
      `${name} has ${number(value.length)} items; at most ${number(countMax)} are allowed.`,
    );
  }
  return value;
}

/** A whole number that must be there. */
export function wholeNumber(fields: Fields, name: string, bounds: NumberBounds): number {
  const value = present(fields, name, 'a whole number');
  if (typeof value !== 'number') {
    throw new InvalidValue('wrong-type', `${name} is ${found(value)}, not a whole number.`);
  }
  if (!Number.isSafeInteger(value) || value < bounds.min || value > bounds.max) {
    throw new InvalidValue(
      'out-of-range',
      `${name} is ${value}; it must be a whole number from ${number(bounds.min)} to ${number(bounds.max)}.`,
    );
  }
  return value;
}

/** One of these words. */
export function oneOf<Word extends string>(
  fields: Fields,
  name: string,
  words: readonly Word[],
): Word {
  const value = present(fields, name, `one of ${words.join(', ')}`);
  const word = words.find((each) => each === value);
  if (word !== undefined) return word;
  throw new InvalidValue(
    typeof value === 'string' ? 'out-of-range' : 'wrong-type',
    `${name} is ${found(value)}; it must be one of ${words.join(', ')}.`,
  );
}

function present(fields: Fields, name: string, wanted: string): unknown {
  const value = fields[name];
  if (value === undefined) {
    throw new InvalidValue('missing-field', `${name} is missing; it must be ${wanted}.`);
  }
  return value;
}

function isTextWithin(value: unknown, bounds: TextBounds): value is string {
  return (
    typeof value === 'string' &&
    value.length >= bounds.bytesMin &&
    fitsUtf8(value, bounds.bytesMax) &&
    (bounds.mayBeIllFormed === true || value.isWellFormed())
  );
}

function checkedText(name: string, value: unknown, bounds: TextBounds): string {
  if (isTextWithin(value, bounds)) return value;
  if (typeof value !== 'string') {
    throw new InvalidValue('wrong-type', `${name} is ${found(value)}, not a text.`);
  }
  if (value.length < bounds.bytesMin) {
    throw new InvalidValue('out-of-range', `${name} is empty.`);
  }
  if (!value.isWellFormed()) {
    throw new InvalidValue(
      'not-text',
      `${name} holds half a character (an unpaired surrogate), which no text can.`,
    );
  }
  throw new InvalidValue(
    'out-of-range',
    `${name} has ${number(utf8SizeBytes(value))} bytes; at most ${number(bounds.bytesMax)} are allowed.`,
  );
}

/** What was found, for a sentence: short, whatever it is. */
function found(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    const start = value.slice(0, FOUND_LENGTH_MAX).toWellFormed();
    return `the text "${start}"${value.length > FOUND_LENGTH_MAX ? '…' : ''}`;
  }
  return typeof value === 'number' ? `the number ${value}` : JSON.stringify(value);
}

function number(value: number): string {
  return value.toLocaleString('en');
}

const FOUND_LENGTH_MAX = 40;
