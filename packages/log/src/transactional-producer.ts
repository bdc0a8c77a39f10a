import type { Generation } from './group-member.ts';
import type { OutgoingRecord, TopicPartition } from './record.ts';

/** An offset to be committed in a transaction; `metadata` is kept by the group coordinator beside it (at most 4,096 bytes). */
export type OffsetCommit = TopicPartition & {
  readonly offsetNext: number;
  readonly metadata: string;
};

/** Everything one transaction carries. At most one entry per partition in each list. */
export type Transaction = {
  readonly writes: readonly (TopicPartition & {
    readonly records: readonly OutgoingRecord[];
    /** Of all records together, by recordSizeBytesMax, where it is known: measured again otherwise. */
    readonly sizeBytesMax?: number;
  })[];
  readonly groupId: string;
  readonly generation: Generation;
  readonly offsets: readonly OffsetCommit[];
};

/**
 * How a transaction ended.
 * - committed: `baseOffsets[i]` is the offset of the first record of `writes[i]`; its other records follow without a gap.
 * - aborted: certainly nothing of it happened; it may be sent again with the same records. `not-a-member` means that the generation was refused; `requested`
 *   that the signal fired in time; `too-large` and `refused` will not get better by sending the same again.
 * - fenced: somebody took the transactional id. Whether it committed is unknown; this producer is dead: drop everything and take over anew.
 */
export type TransactionResult =
  | { readonly outcome: 'committed'; readonly baseOffsets: readonly number[] }
  | {
      readonly outcome: 'aborted';
      readonly reason:
        | 'not-a-member'
        | 'rebalancing'
        | 'unavailable'
        | 'requested'
        | 'too-large'
        | 'refused';
      readonly message: string;
    }
  | { readonly outcome: 'fenced'; readonly message: string };

export type TransactionalProducerOptions = {
  /** Names the worker. The adapter may append a suffix per id it uses: those are what `ongoingTransactionalIds` shows and `fence` takes. */
  readonly transactionalId: string;
  /** Default 10,000: the coordinator aborts what is open for longer. */
  readonly transactionTimeoutMs?: number;
};

/**
 * Writes one transaction at a time in three rounds: partitions and group; records and offsets; end. A lost answer of the end is asked for again until it is answered; if any
 * other answer is lost, the transaction is aborted. In both cases the producer's epoch is bumped before the next one, so that a late request cannot land in
 * it: a late EndTxn would end it half-way.
 */
export interface TransactionalProducer {
  /** Must not be called while an earlier call is pending (assertion). Once `signal` fires before the commit's EndTxn was sent, the transaction is aborted. Never rejects but with `closed`. */
  commit(transaction: Transaction, signal?: AbortSignal): Promise<TransactionResult>;
  close(): Promise<void>;
}
