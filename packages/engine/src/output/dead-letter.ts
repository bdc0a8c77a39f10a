import type { FetchedRecord, OutgoingRecord, TopicIdPartition } from '@chat-cluster/log';
import { textHeader } from './event-record.ts';

/** Why a record was not processed: a code for machines and a sentence for people. */
export type Refusal = { readonly code: string; readonly reason: string };

/** Keys and values are cut to this, so that a dead letter always fits in a record batch; `dl-truncated` tells the original sizes. */
const KEY_BYTES_MAX = 16 * 1024;
const VALUE_BYTES_MAX = 800_000;
/** Original headers are kept up to this many bytes in all; ours come after them. */
const HEADER_BYTES_MAX = 64 * 1024;
const REASON_LENGTH_MAX = 1_000;

/**
 * The dead letter of a record: its key, value and headers, and headers of ours, UTF-8 text: `dl-topic`, `dl-topic-id`, `dl-partition`, `dl-offset`, `dl-timestamp` (its origin),
 * `dl-code`, `dl-reason`, and `dl-truncated` (`key=BYTES value=BYTES`, what the original held) when something was cut.
 */
export function deadLetter(
  record: FetchedRecord,
  from: TopicIdPartition,
  refusal: Refusal,
): OutgoingRecord {
  const headers = [];
  let headerBytes = 0;
  for (const header of record.headers) {
    headerBytes += header.key.length + header.value.byteLength;
    if (headerBytes <= HEADER_BYTES_MAX) headers.push(header);
  }
  headers.push(
    textHeader('dl-topic', from.topic),
    textHeader('dl-topic-id', from.topicId),
    textHeader('dl-partition', String(from.partition)),
    textHeader('dl-offset', String(record.offset)),
    textHeader('dl-timestamp', String(record.timestampMs)),
    textHeader('dl-code', refusal.code),
    textHeader('dl-reason', refusal.reason.slice(0, REASON_LENGTH_MAX)),
  );
  const keyBytes = record.key?.byteLength ?? 0;
  const valueBytes = record.value?.byteLength ?? 0;
  if (keyBytes > KEY_BYTES_MAX || valueBytes > VALUE_BYTES_MAX || headerBytes > HEADER_BYTES_MAX) {
    headers.push(textHeader('dl-truncated', `key=${keyBytes} value=${valueBytes}`));
  }
  return {
    key: record.key?.subarray(0, KEY_BYTES_MAX) ?? null,
    value: record.value?.subarray(0, VALUE_BYTES_MAX) ?? null,
    headers,
  };
}
