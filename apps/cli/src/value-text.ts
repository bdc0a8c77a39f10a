import { printable } from '@chat-cluster/kernel';
import type { ApplicationInput } from './application.ts';
import { jsonOf } from './record-text.ts';

/** Bytes for a line that a person reads. */
export function valueText(bytes: Uint8Array | null): string {
  const json = jsonOf(bytes);
  if (json === null) return '(none)';
  return typeof json === 'string' ? printable(json) : `(not UTF-8) ${base64(json.base64)}`;
}

/** The same of an input's value: a binary one as what it says, if the contract can read it, and in base64. */
export function inputText(input: ApplicationInput | undefined, bytes: Uint8Array | null): string {
  if (input?.isBinary !== true || bytes === null) return valueText(bytes);
  const read = input.read(bytes);
  const shown = base64(Buffer.from(bytes).toString('base64'));
  return read.ok ? `${printable(JSON.stringify(read.value))}  ${shown}` : shown;
}

/** For a JSON line: text, or `{"base64":…}` and what it says, if the contract can read it. */
export function inputJson(input: ApplicationInput | undefined, bytes: Uint8Array | null): unknown {
  if (input?.isBinary !== true || bytes === null) return jsonOf(bytes);
  const read = input.read(bytes);
  const shown = { base64: Buffer.from(bytes).toString('base64') };
  return read.ok ? { ...shown, decoded: read.value } : shown;
}

function base64(text: string): string {
  return `base64 ${text}`;
}
