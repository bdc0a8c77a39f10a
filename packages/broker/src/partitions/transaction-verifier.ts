import type { ErrorCode } from '../wire/error-codes.ts';

/** A transactional batch that asks to be appended. */
export type TransactionalAppend = {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** The topic's id, as base64url. */
  readonly topicId: string;
  readonly partition: number;
};

/**
 * Says whether a transactional batch belongs to a transaction that is open on its partition.
 *
 * A partition asks before every transactional append, in the same turn of the event loop as the append itself, so
 * a request that was delayed in the network can never land in a later transaction (design promise 5).
 */
export type TransactionVerifier = {
  /**
   * NONE when the producer's transaction is Ongoing with this epoch and has the partition in its set;
   * INVALID_TXN_STATE when it is not or has not; INVALID_PRODUCER_EPOCH when the epoch is another one;
   * INVALID_PRODUCER_ID_MAPPING when no transactional id has this producer.
   */
  verify(append: TransactionalAppend): ErrorCode;
};
