import { systemTimers } from '@chat-cluster/kernel';
import type { ReadResult } from '../partitions/partition-reader.ts';
import type { Partition } from '../partitions/partition.ts';
import { PartitionStore } from '../segments/partition-store.ts';
import type { LogHarness } from '../storage/log-harness.ts';
import { markerTypeOf } from '../wire/control-batch.ts';
import { ErrorCode } from '../wire/error-codes.ts';
import { encodeBatch, type RecordBatch } from '../wire/record-batch.ts';
import { encodeRecords, readRecords, type StoredRecord } from '../wire/records.ts';
import { splitBatches } from '../wire/split-batches.ts';
import { cleanPartition } from './clean-partition.ts';
import { Cleaner } from './cleaner.ts';
import { dirtinessOf } from './dirtiness.ts';
import { WorkSlices } from './work-slices.ts';

const TRANSACTIONAL = 0x10;

/** A key and its value; null: a tombstone. */
export type KeyValue = readonly [key: string, value: string | null];

/** A record as a reader gets it. */
export type SeenRecord = {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
};

/** For tests: a batch of records with keys, as a producer sends it. Keys and values are short. */
export function keyedBatch(
  records: readonly KeyValue[],
  {
    codec = 0,
    producerId = -1,
    producerEpoch = -1,
    baseSequence = -1,
    isTransactional = false,
    timestampMs = 1000,
  }: {
    codec?: number;
    producerId?: number;
    producerEpoch?: number;
    baseSequence?: number;
    isTransactional?: boolean;
    timestampMs?: number;
  } = {},
): Buffer {
  const header = {
    baseOffset: 0,
    lastOffsetDelta: records.length - 1,
    attributes: codec | (isTransactional ? TRANSACTIONAL : 0),
    baseTimestampMs: timestampMs,
    maxTimestampMs: timestampMs + records.length - 1,
    ...{ producerId, producerEpoch, baseSequence },
    recordsCount: records.length,
  };
  return encodeBatch(header, encodeRecords(records.map(encodeKeyValue), codec)).bytes;
}

/** Record n is n ms after the first. Every varint is one byte: zigzag, a small length n is 2n and none is 1. */
function encodeKeyValue([key, value]: KeyValue, index: number): Buffer {
  const valueBytes = value === null ? [1] : [value.length * 2, ...Buffer.from(value)];
  const body = [0, index * 2, index * 2, key.length * 2, ...Buffer.from(key), ...valueBytes, 0];
  return Buffer.from([body.length * 2, ...body]);
}

function seen({ offset, key, hasValue, rest }: StoredRecord): SeenRecord {
  const valueAt = 2 + (key?.byteLength ?? 0);
  const value = hasValue ? rest.toString('utf8', valueAt + 1, rest.byteLength - 1) : null;
  return { offset, key: key?.toString() ?? '', value };
}

/**
 * What a client's consumer gets from the start of the log on, fetch by fetch, as Kafka's clients do it: of a producer that
 * an answer names, everything is left out from the first offset of the aborted transaction to the abort marker.
 */
export async function consume(
  partition: Partition,
  { isReadCommitted, maxBytes = 400 }: { isReadCommitted: boolean; maxBytes?: number },
): Promise<SeenRecord[]> {
  const records: SeenRecord[] = [];
  for (let offset = partition.logStartOffset; ;) {
    const answer = await partition.read({ offset, maxBytes, isExact: false, isReadCommitted });
    if (answer.errorCode !== ErrorCode.NONE) throw new Error(`read: ${answer.errorCode}`);
    if (answer.sizeBytes === 0) return records;
    records.push(...consumed(answer).filter((record) => record.offset >= offset));
    offset = (splitBatches(Buffer.concat(answer.chunks)).at(-1)?.lastOffset ?? offset) + 1;
  }
}

/** What a consumer takes out of one answer. */
export function consumed(answer: ReadResult): SeenRecord[] {
  const records: SeenRecord[] = [];
  const waiting = [...answer.aborted];
  const aborted = new Set<number>();
  for (const batch of splitBatches(Buffer.concat(answer.chunks))) {
    while (waiting[0] !== undefined && waiting[0].firstOffset <= batch.lastOffset) {
      aborted.add((waiting.shift() as (typeof waiting)[number]).producerId);
    }
    if (batch.isControl && markerTypeOf(batch) === 'abort') aborted.delete(batch.producerId);
    const isLeftOut = batch.isControl || (batch.isTransactional && aborted.has(batch.producerId));
    if (!isLeftOut) records.push(...[...readRecords(batch)].map(seen));
  }
  return records;
}

/** Every batch from the start of the log on, as it is stored. */
export async function storedBatches(partition: Partition): Promise<RecordBatch[]> {
  const batches: RecordBatch[] = [];
  for (let offset = partition.logStartOffset; ;) {
    const flags = { isExact: false, isReadCommitted: false };
    const answer = await partition.read({ offset, maxBytes: 100_000, ...flags });
    if (answer.errorCode !== ErrorCode.NONE) throw new Error(`read: ${answer.errorCode}`);
    if (answer.sizeBytes === 0) return batches;
    batches.push(...splitBatches(Buffer.concat(answer.chunks)));
    offset = (batches.at(-1)?.lastOffset ?? offset) + 1;
  }
}

/** The last value of each key. */
export function tableOf(records: readonly SeenRecord[]): Map<string, string> {
  const table = new Map<string, string>();
  for (const { key, value } of records) {
    if (value === null) table.delete(key);
    else table.set(key, value);
  }
  return table;
}

/** Lets everything else run, so many times. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Everything that is durable is in segments. */
export async function checkpointed(log: LogHarness): Promise<void> {
  log.storage.requestCheckpoint();
  for (const { cleaning, highWatermark } of log.topics.partitions()) {
    const { segments } = cleaning;
    if (!(segments instanceof PartitionStore)) continue;
    while (segments.endOffset < highWatermark) await turns();
  }
}

/** A cleaner over all partitions that is run by the test. */
export function cleanerOf(log: LogHarness, { mapBytesMax = 24_000 } = {}): Cleaner {
  return new Cleaner({
    partitions: () => log.topics.partitions().map(({ cleaning }) => cleaning),
    clock: log.clock,
    timers: systemTimers,
    backoffMs: 1_000_000,
    mapBytesMax,
    requestCheckpoint: () => log.storage.requestCheckpoint(),
    onError: (error) => void log.errors.push(error),
  });
}

/** Cleans the partition, whether it is due or not. `mustStop` is asked again and again, and ends it half way. */
export async function cleanNow(
  { cleaning }: Partition,
  nowMs: number,
  mustStop: () => boolean = () => false,
): Promise<void> {
  const dirtiness = await dirtinessOf(cleaning, nowMs);
  const slices = new WorkSlices({ timers: systemTimers, mustStop });
  await cleanPartition(cleaning, { dirtiness, nowMs, slices, mapBytesMax: 24_000 });
}
