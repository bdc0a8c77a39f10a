import type { FetchedRecord, TopicIdPartition } from '@chat-cluster/log';

/** A record that an entity could not process, kept byte for byte among its events. */
export type ParkedRecord = {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  /** Base64, null for none. */
  readonly key: string | null;
  readonly value: string | null;
};

/**
 * The engine's own events of an entity, in its event stream beside the entity's:
 * - parked: the entity's code threw on this record, or it came while others were parked. `reason` says what was thrown (for the first one only).
 * - unparked: the first parked record is done with: decided again, skipped, or decided with another value.
 */
export type EngineEvent =
  | { readonly $: 'parked'; readonly record: ParkedRecord; readonly reason?: string }
  | { readonly $: 'unparked'; readonly how: 'retried' | 'skipped' | 'edited' };

/** `{"$`: no event of an entity may start like this. */
const MARK = [0x7b, 0x22, 0x24];

export function isEngineEvent(bytes: Uint8Array): boolean {
  return bytes[0] === MARK[0] && bytes[1] === MARK[1] && bytes[2] === MARK[2];
}

export function encodeEngineEvent(event: EngineEvent): Uint8Array {
  return Buffer.from(JSON.stringify(event));
}

/** For bytes that isEngineEvent accepts; they are our own, so they are not checked again. */
export function decodeEngineEvent(bytes: Uint8Array): EngineEvent {
  return JSON.parse(Buffer.from(bytes).toString()) as EngineEvent;
}

export function parkedRecord(
  record: FetchedRecord,
  from: TopicIdPartition,
  timestampMs: number,
): ParkedRecord {
  return {
    topic: from.topic,
    topicId: from.topicId,
    partition: from.partition,
    offset: record.offset,
    timestampMs,
    key: toBase64(record.key),
    value: toBase64(record.value),
  };
}

/** The record as it was fetched, less its headers. */
export function unparkedRecord(parked: ParkedRecord): FetchedRecord {
  return {
    offset: parked.offset,
    timestampMs: parked.timestampMs,
    key: parked.key === null ? null : Buffer.from(parked.key, 'base64'),
    value: parked.value === null ? null : Buffer.from(parked.value, 'base64'),
    headers: [],
  };
}

/** What a parked record holds in memory. */
export function parkedSizeBytes(parked: ParkedRecord): number {
  return (parked.key?.length ?? 0) + (parked.value?.length ?? 0) + PARKED_OVERHEAD_BYTES;
}

const PARKED_OVERHEAD_BYTES = 200;

function toBase64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64');
}
