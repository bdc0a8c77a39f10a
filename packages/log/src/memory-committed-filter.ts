import type { AbortedTransaction, MemoryBatch, PartitionData } from './memory-partition.ts';
import type { FetchedRecord } from './record.ts';

/** What a reader takes from an answer: committed records, and where to go on. */
export type CommittedRecords = {
  readonly records: readonly FetchedRecord[];
  readonly offsetNext: number;
  readonly sizeBytes: number;
};

/**
 * Leaves aborted records out, by Kafka's rule: the aborted transactions in order of their first offsets; from there to its abort marker whatever a
 * producer wrote in transactions is aborted. The set of such producers is carried on from one answer to the next.
 *
 * One filter belongs to one partition that is read in order.
 */
export class MemoryCommittedFilter {
  readonly #producersAborting = new Set<number>();

  /** @param position where the answer was asked from: what its first batch has before that is left out */
  take(data: PartitionData, position: number): CommittedRecords {
    const aborted = data.aborted.toSorted((one, other) => one.firstOffset - other.firstOffset);
    const kept: MemoryBatch[] = [];
    for (const batch of data.batches) if (this.#isCommitted(batch, aborted)) kept.push(batch);
    const [only] = kept;
    const isWhole = kept.length === 1 && only!.baseOffset >= position;
    const records = isWhole
      ? only!.records
      : kept.flatMap(({ records: all }) => all.filter(({ offset }) => offset >= position));
    return {
      records,
      offsetNext: (data.batches.at(-1)?.lastOffset ?? position - 1) + 1,
      sizeBytes: kept.reduce((sum, batch) => sum + batch.sizeBytes, 0),
    };
  }

  /** @param aborted what has not begun yet; those that have are taken off */
  #isCommitted(batch: MemoryBatch, aborted: AbortedTransaction[]): boolean {
    while (aborted[0] && aborted[0].firstOffset <= batch.lastOffset) {
      this.#producersAborting.add(aborted.shift()!.producerId);
    }
    if (batch.marker === 'abort') this.#producersAborting.delete(batch.producerId);
    if (batch.marker !== undefined) return false;
    return !(batch.isTransactional && this.#producersAborting.has(batch.producerId));
  }
}
