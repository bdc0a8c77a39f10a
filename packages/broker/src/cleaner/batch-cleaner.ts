import type { LastBatch } from '../partitions/partition-cleaning.ts';
import {
  COMPRESSION_MASK,
  DELETE_HORIZON_BIT,
  encodeBatch,
  NO_PRODUCER_ID,
  type RecordBatch,
} from '../wire/record-batch.ts';
import { encodeRecord, encodeRecords, readRecords, type StoredRecord } from '../wire/records.ts';
import type { AbortedRecords } from './aborted-records.ts';
import type { OffsetMap } from './offset-map.ts';
import type { WorkSlices } from './work-slices.ts';

/** Far behind every clock, and near enough that times can be told relative to it. */
const DELETE_HORIZON_MS_MAX = 2 ** 52;

export type BatchCleanerOptions = {
  /** The last offset of each key in what has not been cleaned yet, up to `mapEndOffset` at least. */
  readonly map: OffsetMap;
  /** Where a batch starts: from it on everything stays as it is. */
  readonly mapEndOffset: number;
  readonly aborted: AbortedRecords;
  /** By producer id, of those that are remembered. */
  readonly lastBatches: ReadonlyMap<number, LastBatch>;
  readonly nowMs: number;
  readonly deleteRetentionMs: number;
  readonly slices: WorkSlices;
};

/** What is left of the records of a batch. */
type Kept = {
  readonly records: readonly StoredRecord[];
  /** Whether that is all of them. */
  readonly isWhole: boolean;
  readonly hasTombstones: boolean;
};

/**
 * Decides what stays of each batch of a log, from its start on in the order of the offsets, and writes what is left of it.
 *
 * The rules are those of Kafka (LogCleaner, MemoryRecords.filterTo, KIP-534), but that a marker counts as clean in the
 * walk that removes the last records of its transaction, not in the next one.
 */
export class BatchCleaner {
  readonly #options: BatchCleanerOptions;
  /** Producers of whose current transaction, up to here, there are records left. */
  readonly #withRecords = new Set<number>();

  constructor(options: BatchCleanerOptions) {
    this.#options = options;
  }

  /**
   * What is to stand in place of the batch: the same object if it stays as it is, null for nothing.
   *
   * @throws (rejects) MalformedMessage, CleaningInterrupted
   */
  async clean(batch: RecordBatch): Promise<RecordBatch | null> {
    if (batch.baseOffset >= this.#options.mapEndOffset) return batch;
    if (batch.isControl) return this.#cleanMarker(batch);
    if (this.#options.aborted.has(batch)) return this.#withoutRecords(batch);
    const kept = await this.#keep(batch);
    if (kept.records.length === 0) return this.#withoutRecords(batch);
    if (batch.isTransactional) this.#withRecords.add(batch.producerId);
    const isNewlyClean = kept.hasTombstones && batch.deleteHorizonMs === null;
    if (isNewlyClean) return rewritten(batch, kept, this.#newHorizonMs());
    return kept.isWhole ? batch : rewritten(batch, kept, null);
  }

  /**
   * A marker stays until nothing is left of its transaction, and then for the time of a tombstone. That of an aborted one
   * stays as long as readers are told of the transaction: they leave out all of the producer until they come to it.
   */
  #cleanMarker(batch: RecordBatch): RecordBatch | null {
    const { aborted, nowMs } = this.#options;
    const hasRecords = this.#withRecords.delete(batch.producerId);
    if (batch.recordsCount === 0) return this.#withoutRecords(batch);
    if (hasRecords) return batch;
    const horizonMs = batch.deleteHorizonMs;
    if (horizonMs !== null) {
      const isKept = nowMs < horizonMs || aborted.hasMarker(batch);
      return isKept ? batch : this.#withoutRecords(batch);
    }
    const kept = { records: [...readRecords(batch)], isWhole: true, hasTombstones: false };
    return rewritten(batch, kept, this.#newHorizonMs());
  }

  async #keep(batch: RecordBatch): Promise<Kept> {
    const records: StoredRecord[] = [];
    let hasTombstones = false;
    for (const record of readRecords(batch)) {
      if (this.#isKept(record, batch)) {
        records.push(record);
        hasTombstones ||= !record.hasValue;
      }
      const pause = this.#options.slices.spend(record.bytes.byteLength);
      if (pause !== null) await pause;
    }
    return { records, isWhole: records.length === batch.recordsCount, hasTombstones };
  }

  #isKept({ offset, key, hasValue }: StoredRecord, batch: RecordBatch): boolean {
    const { map, nowMs } = this.#options;
    // It was written before the topic was compacted: there is no telling what supersedes it.
    if (key === null || map.get(key) > offset) return false;
    return hasValue || batch.deleteHorizonMs === null || nowMs < batch.deleteHorizonMs;
  }

  /** Nothing, or the header alone if it is the last that tells of a producer that is remembered. */
  #withoutRecords(batch: RecordBatch): RecordBatch | null {
    if (!this.#isLastOfProducer(batch)) return null;
    return batch.recordsCount === 0 ? batch : emptied(batch);
  }

  #isLastOfProducer({ producerId, producerEpoch, baseOffset, isControl }: RecordBatch): boolean {
    if (producerId === NO_PRODUCER_ID) return false;
    const last = this.#options.lastBatches.get(producerId);
    if (last === undefined) return false;
    if (last.baseOffset !== null) return last.baseOffset === baseOffset;
    return isControl && last.epoch === producerEpoch;
  }

  #newHorizonMs(): number {
    const { nowMs, deleteRetentionMs } = this.#options;
    return Math.min(nowMs + deleteRetentionMs, DELETE_HORIZON_MS_MAX);
  }
}

/**
 * The batch with fewer records, and a delete horizon if one is given. Its offsets, its producer and its sequence stay, also
 * where the first or the last record is gone.
 */
function rewritten(batch: RecordBatch, kept: Kept, horizonMs: number | null): RecordBatch {
  const { header, compression, isLogAppendTime } = batch;
  const { records } = kept;
  const baseTimestampMs = horizonMs ?? header.baseTimestampMs;
  const encoded = records.map((record) =>
    horizonMs === null ? record.bytes : encodeRecord(record, record.timestampMs - baseTimestampMs),
  );
  const latestMs = records.reduce((maxMs, { timestampMs }) => Math.max(maxMs, timestampMs), -1);
  return encodeBatch(
    {
      ...header,
      attributes: header.attributes | (horizonMs === null ? 0 : DELETE_HORIZON_BIT),
      baseTimestampMs,
      maxTimestampMs: isLogAppendTime ? header.maxTimestampMs : latestMs,
      recordsCount: records.length,
    },
    encodeRecords(encoded, compression),
  );
}

function emptied(batch: RecordBatch): RecordBatch {
  const { header } = batch;
  const attributes = header.attributes & ~(COMPRESSION_MASK | DELETE_HORIZON_BIT);
  const baseTimestampMs = header.maxTimestampMs;
  return encodeBatch({ ...header, attributes, baseTimestampMs, recordsCount: 0 }, Buffer.alloc(0));
}
