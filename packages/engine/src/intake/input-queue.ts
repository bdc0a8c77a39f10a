import type { FetchedBatch, FetchedRecord, TopicIdPartition } from '@chat-cluster/log';
import { Deque } from '../backlog/deque.ts';

/** What a fetched record holds besides its bytes, and each of its headers. */
const RECORD_OVERHEAD_BYTES = 150;
const HEADER_OVERHEAD_BYTES = 100;

/** Records of one input topic's partition that were fetched and are not decided, in offset order. */
export class InputQueue {
  readonly from: TopicIdPartition;
  readonly #records = new Deque<FetchedRecord>();
  #bytes = 0;
  /** The position after everything that was fetched: past control and aborted records. */
  #fetchedNext: number;
  /** The position after what was decided. */
  #decidedNext: number;
  #highWatermark = 0;
  /** What the first record waits for. Records of other inputs go on. */
  waitsFor: 'recovery' | 'history' | undefined;

  constructor(from: TopicIdPartition, position: number) {
    this.from = from;
    this.#fetchedNext = position;
    this.#decidedNext = position;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#records.length;
  }

  /** Where reading would go on if everything decided were committed. */
  get decidedNext(): number {
    return this.#decidedNext;
  }

  get lag(): number {
    return Math.max(0, this.#highWatermark - this.#decidedNext);
  }

  push(batch: FetchedBatch): void {
    for (const record of batch.records) {
      this.#records.push(record);
      this.#bytes += sizeBytes(record);
    }
    this.#fetchedNext = batch.offsetNext;
    this.#highWatermark = batch.highWatermark;
    if (this.#records.length === 0) this.#decidedNext = batch.offsetNext;
  }

  first(): FetchedRecord | undefined {
    return this.#records.at(0);
  }

  at(index: number): FetchedRecord | undefined {
    return this.#records.at(index);
  }

  /** The first record is decided. */
  advance(): void {
    const record = this.#records.shift();
    if (record === undefined) return;
    this.#bytes -= sizeBytes(record);
    this.#decidedNext = this.#records.length === 0 ? this.#fetchedNext : record.offset + 1;
  }

  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
  }
}

function sizeBytes({ key, value, headers }: FetchedRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
  for (const header of headers) {
    bytes += HEADER_OVERHEAD_BYTES + header.key.length + header.value.byteLength;
  }
  return bytes;
}
