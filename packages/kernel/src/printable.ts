/**
 * A text from outside for a terminal: control characters, which could move the cursor or change
 * colours, and characters that turn the direction of writing are shown as `\u{…}`; further lines
 * are indented.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n/g, '\n')
    .replace(
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
      (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
    )
    .replaceAll('\n', '\n    ');
}

/** The start of a text, on one line. */
export function preview(text: string, lengthMax: number): string {
  const start = printable(text.slice(0, lengthMax).replaceAll(/\s+/g, ' '));
  return text.length > lengthMax ? `${start}…` : start;
}

/** A point in time as people write it, in UTC to the second. */
export function timeText(timestampMs: number): string {
  const date = new Date(timestampMs);
  return Number.isNaN(date.getTime())
    ? `${timestampMs} ms`
    : `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
