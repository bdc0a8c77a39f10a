import type { FetchedRecord } from '@chat-cluster/log';
import type { AbortedTransaction } from '../codec/fetch-answer.ts';
import {
  type BatchView,
  isControl,
  isTransactional,
  readBatchRecords,
  readMarker,
  viewBatch,
} from '../codec/record-batch-reader.ts';

/**
 * Reads one partition's batches read_committed, from a position on, across answers.
 *
 * Kafka's rule: the broker names the aborted transactions that overlap an answer, by producer and first offset. Passing
 * a first offset makes its producer an aborting one: its transactional batches are dropped until its abort marker. The
 * set lives as long as the reader, because the marker may lie beyond the answer.
 */
export class CommittedReader {
  #position: number;
  readonly #aborting = new Set<number>();

  constructor(position: number) {
    this.#position = position;
  }

  /** The offset to be fetched next: past markers and aborted records too. */
  get position(): number {
    return this.#position;
  }

  /**
   * @param bytes the batches of an answer; a cut one at the end is left for the next answer
   * @param aborted in any order
   * @returns the committed records from the position on, and the bytes that they took
   * @throws LogError `corrupt`
   */
  read(
    bytes: Buffer,
    aborted: readonly AbortedTransaction[],
  ): { records: FetchedRecord[]; sizeBytes: number } {
    const beginnings = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
    const into = { offsetFrom: this.#position, records: [] as FetchedRecord[] };
    let sizeBytes = 0;
    let begun = 0;
    for (let at = 0; ;) {
      const batch = viewBatch(bytes, at);
      if (!batch) break;
      at = batch.end;
      if (batch.lastOffset < this.#position) continue;
      for (; begun < beginnings.length; begun += 1) {
        const beginning = beginnings[begun]!;
        if (beginning.firstOffset > batch.lastOffset) break;
        this.#aborting.add(beginning.producerId);
      }
      if (isControl(batch)) this.#passMarker(bytes, batch);
      else if (!this.#isAborted(batch)) sizeBytes += readBatchRecords(bytes, batch, into);
      this.#position = batch.lastOffset + 1;
    }
    return { records: into.records, sizeBytes };
  }

  #passMarker(bytes: Buffer, batch: BatchView): void {
    if (readMarker(bytes, batch) === 'abort') this.#aborting.delete(batch.producerId);
  }

  /** A producer's batches outside of its transactions are never dropped. */
  #isAborted(batch: BatchView): boolean {
    return isTransactional(batch) && this.#aborting.has(batch.producerId);
  }
}
