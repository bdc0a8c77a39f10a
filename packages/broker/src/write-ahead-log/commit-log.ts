/** Who is told how far it is durable: a partition, or the broker's own state. */
export type DurableTarget = {
  /** Everything below `offset` is durable now. */
  advance(offset: number): void;
};

/** A partition, as the commit log names it. */
export type CommitTarget = DurableTarget & {
  /** The topic's id: 16 bytes. */
  readonly topicIdBytes: Uint8Array;
  readonly partition: number;
};

/**
 * - `open`: takes entries.
 * - `full`: the disk is full. Entries taken before are kept and written when there is room; new batches must wait
 *   until it is `open` again, which it becomes by itself. Records of the broker's own state are still taken: they are
 *   small, and a coordinator cannot take back what it has begun.
 * - `failed`: a write or sync failed. Nothing more is taken in this run, and what was not durable will never be.
 * - `closed`: the broker is stopping.
 */
export type CommitLogState = 'open' | 'full' | 'failed' | 'closed';

/**
 * The one order of everything the broker makes durable: batches of all partitions and records of its own state.
 *
 * Entries become durable in the order in which they are appended, many with one sync (group commit): what is durable
 * is always a prefix of what was appended.
 */
export interface CommitLog {
  readonly state: CommitLogState;
  /** Only while `open`. The bytes must not change afterwards; their base offset is set already. */
  appendBatch(
    target: CommitTarget,
    batch: { baseOffset: number; endOffset: number; bytes: Uint8Array },
  ): void;
  /** The log of the target starts at `offset` from now on (DeleteRecords). Only while `open`. */
  appendLogStart(target: CommitTarget, offset: number): void;
  /**
   * A record of the broker's own state; its owner numbers them without gaps. Only while `open` or `full`. One that is
   * not urgent starts no write of its own: it becomes durable with what is appended after it, or when somebody asks
   * for `durable()`.
   */
  appendState(
    target: DurableTarget,
    record: { index: number; bytes: Uint8Array; isUrgent: boolean },
  ): void;
  /**
   * Resolved, after the targets have been told, when everything appended before the call is durable.
   *
   * @throws (rejects) StorageFailure when it never will be in this run
   */
  durable(): Promise<void>;
  /** Makes durable what was appended; takes nothing more. Idempotent. */
  close(): Promise<void>;
}

/** The commit log has failed or is closed: what was appended may or may not be found by the next run. */
export class StorageFailure extends Error {
  override readonly name = 'StorageFailure';
  readonly code = 'STORAGE_FAILURE';
}
