/** The limits of transactions, by Kafka's names where Kafka has one. */
export type TransactionOptions = {
  /** `transaction.max.timeout.ms`: a longer one is refused with INVALID_TRANSACTION_TIMEOUT. */
  readonly timeoutMsMax: number;
  /** `transactional.id.expiration.ms`: an id that is not used for this long is forgotten. */
  readonly idExpirationMs: number;
  /** `transaction.remove.expired.transaction.cleanup.interval.ms`. */
  readonly expiryCheckIntervalMs: number;
  /** How many transactional ids there may be; a further one is COORDINATOR_NOT_AVAILABLE. */
  readonly idCountMax: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Kafka's defaults. */
export const TRANSACTION_DEFAULTS: TransactionOptions = {
  timeoutMsMax: 15 * MINUTE_MS,
  idExpirationMs: 7 * DAY_MS,
  expiryCheckIntervalMs: 60 * MINUTE_MS,
  idCountMax: 100_000,
};
