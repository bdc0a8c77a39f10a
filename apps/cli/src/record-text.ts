import { decodeUtf8 } from '@chat-cluster/contract';
import type { FetchedRecord } from '@chat-cluster/log';

/**
 * The header as text; undefined if the record has none of this name. Of several the last one
 * counts.
 */
export function headerText(record: FetchedRecord, name: string): string | undefined {
  const header = record.headers.findLast(({ key }) => key === name);
  return header && textOf(header.value);
}

/** Bytes as text; what is not UTF-8 shows as U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Bytes for a JSON line: their text, or base64 if they are none. */
export function jsonOf(bytes: Uint8Array | null): string | null | { readonly base64: string } {
  if (bytes === null) return null;
  return decodeUtf8(bytes) ?? { base64: Buffer.from(bytes).toString('base64') };
}
