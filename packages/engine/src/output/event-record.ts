import type { JournalRow } from '@chat-cluster/journal';
import type {
  FetchedRecord,
  OutgoingHeader,
  OutgoingRecord,
  RecordHeader,
} from '@chat-cluster/log';

/**
 * An event of the shard's tail: decided, then committed (it has an offset), then journaled (it is gone). It is the journal's row and the event topic's record at once, so that neither is encoded again.
 */
export type TailEvent = JournalRow & {
  /** Counts the events of the shard, from 1. */
  readonly eventNumber: number;
  /** Offset in the event topic's partition; -1 until it is committed. */
  offset: number;
};

/** Headers of a record of the event topic, UTF-8 text each. */
const SEQ = 'seq';
const NUMBER = 'number';
const TIME = 'time';
const SOURCE = 'source';

/** What a tail event holds in memory beyond its bytes: objects, ids, and its places in two lists. */
const TAIL_EVENT_OVERHEAD_BYTES = 300;

export function tailEventSizeBytes(event: TailEvent): number {
  return event.event.byteLength + TAIL_EVENT_OVERHEAD_BYTES;
}

/**
 * The record of the event topic: key = entity id, value = the event, headers `seq` (among the entity's events), `number` (among the shard's),
 * `time` (the input's, milliseconds since 1970) and `source` (`topicId/partition/offset` of the input). Headers are made when they are asked for: a record waits for its
 * transaction, often longer than V8's young generation lasts, and each object that waits with it costs more than making it.
 */
export class EventRecord implements OutgoingRecord {
  readonly key: Uint8Array;
  readonly #event: TailEvent;

  constructor(event: TailEvent, key: Uint8Array) {
    this.key = key;
    this.#event = event;
  }

  get value(): Uint8Array {
    return this.#event.event;
  }

  get headers(): readonly OutgoingHeader[] {
    const { eventNumber, seq, source, timestampMs } = this.#event;
    return [
      textHeader(SEQ, String(seq)),
      textHeader(NUMBER, String(eventNumber)),
      timeHeader(timestampMs),
      textHeader(SOURCE, `${source.topicId}/${source.partition}/${source.offset}`),
    ];
  }
}

/** The reverse, for a worker that takes over. Undefined when it is not a record of ours. */
export function decodeEventRecord(record: FetchedRecord): TailEvent | undefined {
  if (record.key === null || record.value === null) return undefined;
  const seq = numberHeader(record, SEQ);
  const eventNumber = numberHeader(record, NUMBER);
  const timestampMs = timeOf(record);
  const [topicId, partition, offset] = (headerText(record.headers, SOURCE) ?? '').split('/');
  if (seq === undefined || eventNumber === undefined || timestampMs === undefined) return undefined;
  if (!topicId || !partition || !offset) return undefined;
  return {
    entityId: decoder.decode(record.key),
    seq,
    event: Buffer.from(record.value),
    timestampMs,
    source: { topicId, partition: Number(partition), offset: Number(offset) },
    eventNumber,
    offset: record.offset,
  };
}

/** The time of the input that a record was made from: it does not travel as the record's timestamp. */
export function timeHeader(timestampMs: number): OutgoingHeader {
  return textHeader(TIME, String(timestampMs));
}

/** What that header says; undefined without it. */
export function timeOf(record: Pick<FetchedRecord, 'headers'>): number | undefined {
  return numberHeader(record, TIME);
}

export function textHeader(key: string, value: string): OutgoingHeader {
  return { key, value };
}

/** The text of the first header of that key. */
export function headerText(headers: readonly RecordHeader[], key: string): string | undefined {
  const header = headers.find((candidate) => candidate.key === key);
  return header === undefined ? undefined : decoder.decode(header.value);
}

function numberHeader(record: Pick<FetchedRecord, 'headers'>, key: string): number | undefined {
  const text = headerText(record.headers, key);
  const number = text === undefined || text === '' ? Number.NaN : Number(text);
  // Whatever time a sender has put on its record is a number here, however far away.
  return Number.isInteger(number) ? number : undefined;
}

/** A byte order mark is part of an entity's id like any other character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
