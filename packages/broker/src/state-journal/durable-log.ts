/**
 * A sequence of records that survives power loss: what the state journal asks of the disk. The plain
 * file of this folder keeps it alone; the partitions' write-ahead log can keep it too, so that one
 * fdatasync serves both.
 *
 * Order: what is durable is always a prefix of what was appended. A record that was acknowledged is
 * found again by every later `replay`; one that was not may be found or not, but never without all
 * that were appended before it.
 */
export interface DurableLog {
  /**
   * Whether partition appends share this log's order: a batch appended to a partition after a record
   * of this log is durable only if that record is. Then a record that must precede a batch need not
   * be waited for.
   */
  readonly precedesPartitions: boolean;
  /**
   * Whether the disk has no room at the moment: what is appended now waits until it has. Refuse what
   * clients begin; append what must follow from what was begun.
   */
  readonly isFull: boolean;
  /** Bytes appended since the last snapshot, to decide when the next one is due. */
  readonly sizeBytes: number;
  /** Hands over what was kept, oldest first. Called once, before the first append. */
  replay(onRecord: (bytes: Uint8Array) => void): Promise<void>;
  /**
   * Appends in the order of the calls; the bytes must not change afterwards.
   *
   * @returns resolved, in order, when the record is durable
   * @throws (rejects) JournalError; after a failed sync every later append rejects as well
   */
  append(bytes: Uint8Array): Promise<void>;
  /** Appends what nobody waits for: it becomes durable with the next append, or with `durable()`. */
  appendLazily(bytes: Uint8Array): void;
  /**
   * Resolved when everything appended before the call is durable.
   *
   * @throws (rejects) as `append`
   */
  durable(): Promise<void>;
  /**
   * Replaces all records appended so far by these, as one step: a crash leaves either. Appends made
   * during it come after the snapshot.
   *
   * @returns resolved when the replacement is durable
   */
  replaceWith(snapshot: readonly Uint8Array[]): Promise<void>;
  /** Makes durable what was appended, then frees the files. Idempotent. */
  close(): Promise<void>;
}
