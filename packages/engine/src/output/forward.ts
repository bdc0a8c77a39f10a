import type {
  FetchedRecord,
  OutgoingRecord,
  TopicIdPartition,
  TopicPartition,
} from '@chat-cluster/log';
import { headerText, textHeader } from './event-record.ts';
import { FORWARD_HEADERS } from './headers.ts';

/** The copy of a record that arrived on a partition that is not its entity's home, keyed by the entity, with its origin in FORWARD_HEADERS. */
export function forwarded(
  record: FetchedRecord,
  from: TopicIdPartition,
  key: Uint8Array,
): OutgoingRecord {
  const origin = `${from.topic}/${from.topicId}/${from.partition}/${record.offset}`;
  return {
    key,
    value: record.value,
    headers: [
      ...record.headers,
      textHeader(FORWARD_HEADERS.from, origin),
      textHeader(FORWARD_HEADERS.time, String(record.timestampMs)),
    ],
  };
}

/** Whether a worker forwarded this record already: once is enough, twice would be a loop. */
export function wasForwarded(record: FetchedRecord): boolean {
  return (
    record.headers.length > 0 && headerText(record.headers, FORWARD_HEADERS.from) !== undefined
  );
}

/** The time of the record where it first arrived. */
export function originalTimeMs(record: FetchedRecord): number {
  if (record.headers.length === 0) return record.timestampMs;
  const timeMs = Number(headerText(record.headers, FORWARD_HEADERS.time) ?? Number.NaN);
  return Number.isInteger(timeMs) ? timeMs : record.timestampMs;
}

/** Where a forwarded record was first; undefined for one that no worker forwarded, whatever its sender has written into the header. */
export function originOf({
  headers,
}: Pick<FetchedRecord, 'headers'>): (TopicPartition & { readonly offset: number }) | undefined {
  const text = headers.length > 0 ? headerText(headers, FORWARD_HEADERS.from) : undefined;
  if (text === undefined) return undefined;
  const [topic, topicId, partition, offset, ...rest] = text.split('/');
  if (!topic || !topicId || !partition || !offset || rest.length > 0) return undefined;
  const place = { topic, partition: Number(partition), offset: Number(offset) };
  return isCount(place.partition) && isCount(place.offset) ? place : undefined;
}

function isCount(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}
