import { markerTypeOf } from '../wire/control-batch.ts';
import { NO_PRODUCER_ID, RecordBatch } from '../wire/record-batch.ts';
import type { PartitionState, RecoveredEntry } from './partition-snapshot.ts';
import { ProducerStates } from './producer-states.ts';
import { Tail, type TailBatch } from './tail.ts';
import { TransactionIndex } from './transaction-index.ts';

/** How far a partition has come. */
export type LogOffsets = {
  /** The first offset that readers may ask for. */
  readonly logStart: number;
  /** Everything below is durable; nothing at or above it is ever given to a reader. */
  readonly highWatermark: number;
  /** The offset of the next record. */
  readonly logEnd: number;
};

/**
 * What a partition knows of its log, without any input or output: where it starts and ends, the newest batches, the
 * producers as of the last batch that was placed, and the transactions as of the last that is durable.
 *
 * `logStart <= lastStableOffset <= highWatermark <= logEnd`.
 */
export class LogState implements LogOffsets {
  readonly tail = new Tail();
  readonly producers = new ProducerStates();
  readonly transactions = new TransactionIndex();
  #logStart = 0;
  #highWatermark = 0;
  #logEnd = 0;

  get logStart(): number {
    return this.#logStart;
  }
  get highWatermark(): number {
    return this.#highWatermark;
  }
  get logEnd(): number {
    return this.#logEnd;
  }
  /** The end of what a read_committed reader may see. */
  get lastStableOffset(): number {
    return this.transactions.lastStableOffset(this.#highWatermark);
  }

  /** Gives a batch its offset, at the end of the log, and takes note of its producer. */
  place(batch: RecordBatch, nowMs: number): void {
    batch.setBaseOffset(this.#logEnd);
    this.#push(batch, nowMs);
  }

  /** Everything below `offset` is durable. */
  advance(offset: number): void {
    for (const batch of this.tail.between(this.#highWatermark, offset)) this.#enterIndex(batch);
    this.#highWatermark = offset;
  }

  /** Moves the start of the log. The batches stay in memory until `tail.dropBelow`. */
  moveStart(offset: number): void {
    this.#logStart = offset;
    this.transactions.dropBelow(offset);
  }

  /** No record of a transaction that was aborted and ended below `offset` is left. */
  forgetAborted(offset: number): void {
    this.transactions.dropBelow(offset);
  }

  /** The state as of the high watermark. Called when exactly what is below it is durable. */
  snapshot(): PartitionState {
    const endOffset = this.#highWatermark;
    return {
      logStartOffset: this.#logStart,
      endOffset,
      producers: [...this.producers.entries()].map(([producerId, state]) => [
        producerId,
        { ...state, batches: state.batches.filter((batch) => batch.baseOffset < endOffset) },
      ]),
      transactions: this.transactions.snapshot(),
    };
  }

  /** Starts from a snapshot; what was placed beyond it is lost. */
  restore(state: PartitionState): void {
    this.#logStart = state.logStartOffset;
    this.#highWatermark = state.endOffset;
    this.#logEnd = state.endOffset;
    this.transactions.restore(state.transactions);
    const open = new Map(state.transactions.open);
    for (const [producerId, producer] of state.producers) {
      const openTransactionFirstOffset = open.get(producerId) ?? null;
      this.producers.restore(producerId, { ...producer, openTransactionFirstOffset });
    }
  }

  /**
   * Takes an entry of the write-ahead log, which is durable. Those that a checkpoint has already are skipped.
   *
   * @returns whether the log goes on with it: false when it is damaged, or when entries before it are missing
   */
  replay(entry: RecoveredEntry, nowMs: number): boolean {
    if (entry.kind === 'log-start') {
      this.moveStart(Math.max(this.#logStart, entry.offset));
      return true;
    }
    if (entry.baseOffset < this.#logEnd) return true;
    if (entry.kind === 'damaged' || entry.baseOffset > this.#logEnd) return false;
    this.#push(new RecordBatch(entry.bytes), nowMs);
    this.advance(this.#logEnd);
    return true;
  }

  #push(batch: RecordBatch, nowMs: number): void {
    const { baseOffset, lastOffset, maxTimestampMs, bytes } = batch;
    this.tail.push({ baseOffset, lastOffset, maxTimestampMs, bytes });
    this.#logEnd = lastOffset + 1;
    if (batch.isControl) this.producers.recordMarker(batch, nowMs);
    else if (batch.producerId !== NO_PRODUCER_ID) this.producers.recordBatch(batch, nowMs);
  }

  #enterIndex({ bytes, baseOffset }: TailBatch): void {
    const batch = new RecordBatch(bytes);
    if (!batch.isTransactional) return;
    if (!batch.isControl) {
      this.transactions.recordBatch(batch.producerId, baseOffset);
      return;
    }
    const type = markerTypeOf(batch);
    if (type !== null) this.transactions.recordMarker(batch.producerId, type, baseOffset);
  }
}
