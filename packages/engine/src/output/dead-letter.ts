import {
  recordSizeBytesMax,
  type FetchedRecord,
  type OutgoingHeader,
  type OutgoingRecord,
  type TopicIdPartition,
} from '@chat-cluster/log';
import { headerText, textHeader } from './event-record.ts';
import { DEAD_LETTER_HEADERS } from './headers.ts';

/** Why a record was not processed: a code for machines and a sentence for people. */
export type Refusal = { readonly code: string; readonly reason: string };

/** Keys are cut to this, or to an eighth of what there is room for. */
const KEY_BYTES_MAX = 16 * 1024;
/** Original headers are kept as long as they fit in this, or in a quarter of the room. */
const HEADER_BYTES_MAX = 64 * 1024;
const CODE_LENGTH_MAX = 100;
const REASON_LENGTH_MAX = 1_000;

/**
 * The dead letter of a record: its key, value and headers, and DEAD_LETTER_HEADERS. It takes at most `sizeBytesMax`, by recordSizeBytesMax: whatever somebody has sent, its
 * dead letter can be written.
 */
export function deadLetter(
  record: FetchedRecord,
  from: TopicIdPartition,
  refusal: Refusal,
  sizeBytesMax: number,
): OutgoingRecord {
  const key = record.key?.subarray(0, Math.min(KEY_BYTES_MAX, sizeBytesMax / 8)) ?? null;
  const kept = headersWithin(record, Math.min(HEADER_BYTES_MAX, sizeBytesMax / 4));
  const headers = [...kept, ...originHeaders(record, from, refusal)];
  const truncated = textHeader(
    DEAD_LETTER_HEADERS.truncated,
    `key=${record.key?.byteLength ?? 0} value=${record.value?.byteLength ?? 0} headers=${record.headers.length}`,
  );
  const withoutValue = recordSizeBytesMax({ key, value: null, headers: [...headers, truncated] });
  const value = record.value?.subarray(0, Math.max(0, sizeBytesMax - withoutValue)) ?? null;
  const isCut =
    key?.byteLength !== record.key?.byteLength ||
    value?.byteLength !== record.value?.byteLength ||
    kept.length !== record.headers.length;
  return { key, value, headers: isCut ? [...headers, truncated] : headers };
}

/** Whose dead letter a record is, and why; undefined for a record that is none. */
export function readDeadLetter({
  headers,
}: Pick<FetchedRecord, 'headers'>):
  | (Refusal & { readonly topic: string; readonly partition: number; readonly offset: number })
  | undefined {
  const text = (key: string): string => headerText(headers, key) ?? '';
  const topic = text(DEAD_LETTER_HEADERS.topic);
  if (topic === '') return undefined;
  return {
    topic,
    partition: Number(text(DEAD_LETTER_HEADERS.partition)),
    offset: Number(text(DEAD_LETTER_HEADERS.offset)),
    code: text(DEAD_LETTER_HEADERS.code),
    reason: text(DEAD_LETTER_HEADERS.reason),
  };
}

function originHeaders(
  record: FetchedRecord,
  from: TopicIdPartition,
  { code, reason }: Refusal,
): OutgoingHeader[] {
  return [
    textHeader(DEAD_LETTER_HEADERS.topic, from.topic),
    textHeader(DEAD_LETTER_HEADERS.topicId, from.topicId),
    textHeader(DEAD_LETTER_HEADERS.partition, String(from.partition)),
    textHeader(DEAD_LETTER_HEADERS.offset, String(record.offset)),
    textHeader(DEAD_LETTER_HEADERS.timestamp, String(record.timestampMs)),
    textHeader(DEAD_LETTER_HEADERS.code, code.slice(0, CODE_LENGTH_MAX)),
    textHeader(DEAD_LETTER_HEADERS.reason, reason.slice(0, REASON_LENGTH_MAX)),
  ];
}

/** The first headers, as many as fit. */
function headersWithin({ headers }: FetchedRecord, sizeBytesMax: number): OutgoingHeader[] {
  const kept: OutgoingHeader[] = [];
  let sizeBytes = 0;
  for (const header of headers) {
    sizeBytes += recordSizeBytesMax({ key: null, value: null, headers: [header] });
    if (sizeBytes > sizeBytesMax) break;
    kept.push(header);
  }
  return kept;
}
