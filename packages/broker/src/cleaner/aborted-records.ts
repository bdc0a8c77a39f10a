import type { AbortedTransaction } from '../partitions/transaction-index.ts';
import type { RecordBatch } from '../wire/record-batch.ts';

/** Tells batches of aborted transactions from others, for one walk through a log in the order of its offsets. */
export class AbortedRecords {
  /** Of each producer, oldest first. */
  readonly #byProducer = new Map<number, { index: number; readonly list: AbortedTransaction[] }>();

  /** `aborted`: those that end in what is walked through, by last offset. */
  constructor(aborted: readonly AbortedTransaction[]) {
    for (const transaction of aborted) {
      const known = this.#byProducer.get(transaction.producerId);
      if (known !== undefined) known.list.push(transaction);
      else this.#byProducer.set(transaction.producerId, { index: 0, list: [transaction] });
    }
  }

  /** Whether these records were aborted. Batches are asked about in the order of their offsets. */
  has(batch: RecordBatch): boolean {
    return !batch.isControl && this.#isWithin(batch);
  }

  /** Whether this is the marker of one of them. As `has`. */
  hasMarker(batch: RecordBatch): boolean {
    return batch.isControl && this.#isWithin(batch);
  }

  #isWithin({ baseOffset, isTransactional, producerId }: RecordBatch): boolean {
    const producer = isTransactional ? this.#byProducer.get(producerId) : undefined;
    if (producer === undefined) return false;
    while ((producer.list[producer.index]?.lastOffset ?? Infinity) < baseOffset) producer.index++;
    const transaction = producer.list[producer.index];
    return transaction !== undefined && transaction.firstOffset <= baseOffset;
  }
}
