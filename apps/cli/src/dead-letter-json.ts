import { type Application, inputOf } from './application.ts';
import type { DeadLetter } from './dead-letter-reader.ts';
import { jsonOf } from './record-text.ts';
import { inputJson } from './value-text.ts';

/** A dead letter on one line; bytes that are no text are `{"base64":…}`. */
export function deadLetterJson(application: Application, letter: DeadLetter): string {
  const { position, timestampMs, code, reason, origin, truncated, key, value, headers } = letter;
  return JSON.stringify({
    position,
    timestampMs,
    code,
    reason,
    origin,
    truncated,
    key: jsonOf(key),
    value: inputJson(inputOf(application, origin.topic), value),
    headers: headers.map((header) => [header.key, jsonOf(header.value)]),
  });
}
