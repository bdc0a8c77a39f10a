import { readFileSync } from 'node:fs';
import type { Options } from '@chat-cluster/app-chat-node/settings';
import { encodeUtf8 } from '@chat-cluster/contract';
import type { ApplicationInput } from './application.ts';
import { CommandFailure, UsageError } from './command.ts';
import type { Given } from './given.ts';

/** Another value for a record, from a file: the only way for one that is no text. */
export const VALUE_FILE_OPTION = {
  'value-file': { value: 'PATH', description: 'the bytes to put there instead, as they are' },
} as const satisfies Options;

/** What a person gave to be put in the place of a value. */
export type NewValue = { readonly bytes: Uint8Array; readonly isText: boolean };

/**
 * The text, or what is in the file of `--value-file`; undefined if neither was given. Throws a UsageError if both were, a CommandFailure for a file that cannot be read.
 */
export function newValueOf(given: Given, text: string | undefined): NewValue | undefined {
  const path = given.text('value-file');
  if (path === undefined) {
    return text === undefined ? undefined : { bytes: encodeUtf8(text), isText: true };
  }
  if (text !== undefined) throw new UsageError('Give the value as text or as a file, not both.');
  try {
    return { bytes: readFileSync(path), isText: false };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new CommandFailure(`The file of --value-file cannot be read: ${why}`, { cause });
  }
}

/** What the application reads in the value. Throws a UsageError for one that would only become a dead letter again. */
export function requireFit(
  value: NewValue,
  input: ApplicationInput,
): { readonly entityId: string } {
  if (input.isBinary && value.isText) {
    throw new UsageError(`The values of ${input.topic} are no text: give a file, --value-file.`);
  }
  const read = input.read(value.bytes);
  if (!read.ok) throw new UsageError(`${read.reason} (${input.topic})`);
  return read;
}
