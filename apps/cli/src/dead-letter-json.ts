import type { DeadLetter } from './dead-letter-reader.ts';
import { jsonOf } from './record-text.ts';

/** A dead letter on one line; bytes that are no UTF-8 are `{"base64":…}`. */
export function deadLetterJson(letter: DeadLetter): string {
  const { position, timestampMs, code, reason, origin, truncated, key, value, headers } = letter;
  return JSON.stringify({
    position,
    timestampMs,
    code,
    reason,
    origin,
    truncated,
    key: jsonOf(key),
    value: jsonOf(value),
    headers: headers.map((header) => [header.key, jsonOf(header.value)]),
  });
}
