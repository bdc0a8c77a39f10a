/** One header of a record: Kafka's pair of a UTF-8 key and bytes. */
export type RecordHeader = { readonly key: string; readonly value: Uint8Array };

/** A header to be written. Text is cheaper than bytes: it goes into the batch as UTF-8 without a buffer of its own. */
export type OutgoingHeader = { readonly key: string; readonly value: Uint8Array | string };

/** A record as it was fetched. `offset` is its place in its partition; bytes may be views of a larger buffer: copy what you keep for long. */
export type FetchedRecord = {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
};

/**
 * A record to be written. It has no timestamp: the adapter stamps it when it is sent, so that an input's time
 * of 0 or of the far future can neither delete nor refuse what was made from it (it travels in a header).
 */
export type OutgoingRecord = {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly OutgoingHeader[];
};

/** A partition of a topic. */
export type TopicPartition = { readonly topic: string; readonly partition: number };

/** A partition of one incarnation of a topic: a topic that was deleted and created again has another id (KIP-516). */
export type TopicIdPartition = TopicPartition & { readonly topicId: string };

/** A record count and size bound: how many bytes the record takes on the wire, header and framing included, never too low. */
export function recordSizeBytesMax(record: OutgoingRecord): number {
  let sizeBytes =
    RECORD_OVERHEAD_BYTES + (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0);
  for (const header of record.headers) {
    sizeBytes +=
      HEADER_OVERHEAD_BYTES + textBytesMax(header.key) + headerValueBytesMax(header.value);
  }
  return sizeBytes;
}

function headerValueBytesMax(value: Uint8Array | string): number {
  return typeof value === 'string' ? textBytesMax(value) : value.byteLength;
}

function textBytesMax(text: string): number {
  return text.length * UTF8_BYTES_PER_UNIT_MAX;
}

/** Length (5), attributes (1), timestamp delta (10), offset delta (5), key and value lengths (5 + 5), header count (5). */
const RECORD_OVERHEAD_BYTES = 36;
/** Two varints of at most 5 bytes. */
const HEADER_OVERHEAD_BYTES = 10;
const UTF8_BYTES_PER_UNIT_MAX = 3;
