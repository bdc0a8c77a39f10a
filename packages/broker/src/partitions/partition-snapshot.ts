import type { StoreSnapshot } from '../segments/partition-store.ts';
import type { ProducerState } from './producer-states.ts';
import type { TransactionIndexSnapshot } from './transaction-index.ts';

/** A partition's state at a moment when exactly everything below `endOffset` was durable. JSON. */
export type PartitionState = {
  readonly logStartOffset: number;
  readonly endOffset: number;
  readonly producers: readonly (readonly [producerId: number, state: ProducerState])[];
  readonly transactions: TransactionIndexSnapshot;
};

/** What a checkpoint holds of a partition. JSON. */
export type PartitionCheckpoint = {
  readonly state: PartitionState;
  readonly store: StoreSnapshot;
  /** Why the partition is stopped, or null. It stays so over restarts until its files are mended. */
  readonly failure: string | null;
};

export const EMPTY_PARTITION_CHECKPOINT: PartitionCheckpoint = {
  state: {
    logStartOffset: 0,
    endOffset: 0,
    producers: [],
    transactions: { open: [], aborted: [] },
  },
  store: { segments: [], endOffset: 0 },
  failure: null,
};

/** What the write-ahead log holds of a partition beyond its checkpoint, oldest first. */
export type RecoveredEntry =
  | { readonly kind: 'batch'; readonly baseOffset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'log-start'; readonly offset: number }
  /** A batch that was durable and whose bytes are not what was written. */
  | { readonly kind: 'damaged'; readonly baseOffset: number };
