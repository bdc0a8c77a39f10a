import assert from 'node:assert/strict';
import type { Partition } from '../partitions/partition.ts';
import {
  consume,
  keyedBatch,
  storedBatches,
  tableOf,
  type KeyValue,
  type SeenRecord,
} from './cleaning-harness.ts';

/** `delete.retention.ms` of the model's topic. */
export const DELETE_RETENTION_MS = 2;

type ModelRecord = SeenRecord & {
  readonly producerId: number;
  state: 'committed' | 'open' | 'aborted';
  /** When it may have become clean. */
  cleanedAtMs: number | null;
};

type ModelProducer = {
  sequence: number;
  /** Its last batch as it was sent, and where it is. */
  last: { readonly bytes: Buffer; readonly offset: number } | null;
};

/** For tests: a partition as its clients know it, and what they must find in it however it is cleaned. */
export class CleaningModel {
  readonly #records: ModelRecord[] = [];
  readonly #producers = new Map<number, ModelProducer>();
  #logStartOffset = 0;

  /** The bytes of the producer's next batch. */
  batch(
    records: readonly KeyValue[],
    of: { producerId: number; isTransactional: boolean; codec: number; timestampMs: number },
  ): Buffer {
    if (of.producerId < 0) return keyedBatch(records, of);
    const baseSequence = this.#producer(of.producerId).sequence;
    return keyedBatch(records, { ...of, producerEpoch: 0, baseSequence });
  }

  /** The batch has been acknowledged. */
  appended(
    records: readonly KeyValue[],
    of: { producerId: number; isTransactional: boolean; offset: number; bytes: Buffer },
  ): void {
    const { producerId, offset, bytes } = of;
    const state = of.isTransactional ? 'open' : 'committed';
    for (const [index, [key, value]] of records.entries()) {
      this.#records.push({
        offset: offset + index,
        key,
        value,
        producerId,
        state,
        cleanedAtMs: null,
      });
    }
    if (producerId < 0) return;
    const producer = this.#producer(producerId);
    producer.sequence += records.length;
    producer.last = { bytes, offset };
  }

  /** The producer's transaction has ended. */
  ended(producerId: number, type: 'commit' | 'abort'): void {
    for (const record of this.#records) {
      if (record.producerId === producerId && record.state === 'open') {
        record.state = type === 'commit' ? 'committed' : 'aborted';
      }
    }
  }

  deletedBelow(offset: number): void {
    this.#logStartOffset = Math.max(this.#logStartOffset, offset);
  }

  /** A cleaning has begun that may not come to its end: what it replaced until then is clean. */
  cleanedInPart(nowMs: number): void {
    for (const record of this.#records) record.cleanedAtMs ??= nowMs;
  }

  /** What is committed, and below every open transaction. */
  committedTable(): Map<string, string> {
    return tableOf(this.#stable());
  }

  /** Compares what every kind of reader gets with what is to be found. */
  async check(partition: Partition, nowMs: number): Promise<void> {
    const { firstDirtyOffset } = partition.cleaning.segments;
    for (const record of this.#records) {
      if (record.offset < firstDirtyOffset) record.cleanedAtMs ??= nowMs;
    }
    assert.equal(partition.logStartOffset, this.#logStartOffset);
    await this.#checkCommitted(partition, nowMs);
    await this.#checkUncommitted(partition);
    await this.#checkProducers(partition);
  }

  async #checkCommitted(partition: Partition, nowMs: number): Promise<void> {
    const seen = await consume(partition, { isReadCommitted: true });
    const stable = new Map(this.#stable().map((record) => [record.offset, record]));
    for (const record of seen) assert.deepEqual(record, asSeen(stable.get(record.offset)));
    assert.deepEqual(tableOf(seen), this.committedTable());
    const offsets = new Set(seen.map(({ offset }) => offset));
    const last = new Map([...stable.values()].map((record) => [record.key, record]));
    for (const { offset, value, cleanedAtMs } of last.values()) {
      const isKept = value !== null || nowMs < (cleanedAtMs ?? nowMs) + DELETE_RETENTION_MS;
      if (isKept) assert.ok(offsets.has(offset), `the last record of its key, at ${offset}`);
    }
    const { firstDirtyOffset } = partition.cleaning.segments;
    const clean = seen.filter(({ offset }) => offset < firstDirtyOffset);
    assert.equal(new Set(clean.map(({ key }) => key)).size, clean.length, 'one record of each key');
  }

  async #checkUncommitted(partition: Partition): Promise<void> {
    const seen = await consume(partition, { isReadCommitted: false });
    const { firstDirtyOffset } = partition.cleaning.segments;
    const known = new Map(this.#records.map((record) => [record.offset, record]));
    for (const record of seen) assert.deepEqual(record, asSeen(known.get(record.offset)));
    const isThere = ({ offset, state }: ModelRecord): boolean =>
      offset >= this.#logStartOffset && (state === 'committed' || offset >= firstDirtyOffset);
    const hasAborted = seen.some(({ offset }) => {
      const record = known.get(offset);
      return record?.state === 'aborted' && record.offset < firstDirtyOffset;
    });
    assert.equal(hasAborted, false, 'nothing aborted is left in what is clean');
    // Of what is not clean, aborted records that a key's last record was superseded by may be gone already.
    const last = new Map(this.#records.filter(isThere).map((record) => [record.key, record]));
    const offsets = new Set(seen.map(({ offset }) => offset));
    for (const { offset, state, value } of last.values()) {
      if (state === 'aborted' || value === null) continue;
      assert.ok(offsets.has(offset), `the last record of its key, at ${offset}, in state ${state}`);
    }
  }

  /** A retry gets the original offset, and the header of each producer's last batch is in the log. */
  async #checkProducers(partition: Partition): Promise<void> {
    const batches = await storedBatches(partition);
    for (const [producerId, { last }] of this.#producers) {
      if (last === null) continue;
      assert.equal(partition.append(Buffer.from(last.bytes)).baseOffset, last.offset);
      if (last.offset < this.#logStartOffset) continue;
      const header = batches.find((batch) => batch.baseOffset === last.offset);
      assert.equal(header?.producerId, producerId, `the batch at ${last.offset}`);
    }
  }

  /** What a reader of committed records may get. */
  #stable(): ModelRecord[] {
    const open = this.#records.find((record) => record.state === 'open');
    const endOffset = open?.offset ?? Infinity;
    return this.#records.filter(
      ({ offset, state }) =>
        state === 'committed' && offset < endOffset && offset >= this.#logStartOffset,
    );
  }

  #producer(producerId: number): ModelProducer {
    const producer = this.#producers.get(producerId) ?? { sequence: 0, last: null };
    this.#producers.set(producerId, producer);
    return producer;
  }
}

function asSeen(record: ModelRecord | undefined): SeenRecord | undefined {
  if (record === undefined) return undefined;
  const { offset, key, value } = record;
  return { offset, key, value };
}
