import { ErrorCode } from '../wire/error-codes.ts';
import type { ReadResult } from './partition-reader.ts';
import type { Partition } from './partition.ts';

/** The one leader epoch of a broker that is alone: clients get it everywhere, and send it back. */
const LEADER_EPOCH = 0;
const UNKNOWN_LEADER_EPOCH = -1;

export type PartitionFetchOptions = {
  readonly index: number;
  /** Null: there is no such partition. */
  readonly partition: Partition | null;
  /** What is answered when there is no such partition. */
  readonly unknownErrorCode: ErrorCode;
  readonly offset: number;
  /** The most bytes of this partition. */
  readonly maxBytes: number;
  /** The epoch that the client believes in; -1 when it does not say. */
  readonly currentLeaderEpoch: number;
  readonly isReadCommitted: boolean;
};

/** One partition of a fetch request: what is asked of it, and the last that was read. */
export class PartitionFetch {
  readonly #options: PartitionFetchOptions;
  #errorCode: ErrorCode = ErrorCode.NONE;
  #result: ReadResult | null = null;

  constructor(options: PartitionFetchOptions) {
    this.#options = options;
    this.#errorCode = this.#refusal();
  }

  get sizeBytes(): number {
    return this.#result?.sizeBytes ?? 0;
  }

  /** Whether the whole fetch is answered because of this partition: an error, or more than it may send. */
  get mustAnswer(): boolean {
    const { errorCode, isCut } = this.#result ?? { errorCode: this.#errorCode, isCut: false };
    return errorCode !== ErrorCode.NONE || isCut;
  }

  /** Calls `wake` when a read may give something else; returns what ends that. */
  onAdvance(wake: () => void): () => void {
    return this.#options.partition?.onAdvance(wake) ?? (() => {});
  }

  /**
   * Reads what there is now. `isFirst`: nothing has been read for this answer yet, so that one batch is taken in any
   * case.
   */
  read({
    remainingBytes,
    isFirst,
  }: {
    remainingBytes: number;
    isFirst: boolean;
  }): void | Promise<void> {
    const { partition, offset, isReadCommitted } = this.#options;
    if (partition === null || this.#errorCode !== ErrorCode.NONE) return;
    if (partition.isDeleted) {
      this.#errorCode = this.#options.unknownErrorCode;
      this.#result = null;
      return;
    }
    const limitBytes = Math.min(this.#options.maxBytes, remainingBytes);
    const maxBytes = isFirst ? Math.max(limitBytes, 1) : limitBytes;
    const reading = partition.read({ offset, maxBytes, isReadCommitted, isExact: !isFirst });
    if (!(reading instanceof Promise)) {
      this.#result = reading;
      return;
    }
    return reading.then((result) => {
      this.#result = result;
    });
  }

  /** The partition's part of the answer. */
  answer() {
    const partitionIndex = this.#options.index;
    const result = this.#result;
    if (result === null) {
      const { partition } = this.#options;
      return {
        partitionIndex,
        errorCode: this.#errorCode,
        highWatermark: partition?.highWatermark ?? -1,
        abortedTransactions: null,
        records: NO_RECORDS,
      };
    }
    const { errorCode, highWatermark, lastStableOffset, logStartOffset, chunks, aborted } = result;
    return {
      partitionIndex,
      errorCode,
      highWatermark,
      lastStableOffset,
      logStartOffset,
      abortedTransactions: this.#options.isReadCommitted ? aborted : null,
      records: chunks,
    };
  }

  #refusal(): ErrorCode {
    const { partition, unknownErrorCode, currentLeaderEpoch } = this.#options;
    if (partition === null) return unknownErrorCode;
    if (currentLeaderEpoch === UNKNOWN_LEADER_EPOCH || currentLeaderEpoch === LEADER_EPOCH) {
      return ErrorCode.NONE;
    }
    return ErrorCode.UNKNOWN_LEADER_EPOCH;
  }
}

/** Not null: some clients take a null for a broken message set. */
const NO_RECORDS: readonly Uint8Array[] = [];
