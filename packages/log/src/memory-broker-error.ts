import { LogError } from './log-error.ts';
import type { LogErrorCode } from './log-error.ts';

/** Why the memory broker refuses a request, in the protocol's words. */
export type MemoryRefusal =
  | 'CONCURRENT_TRANSACTIONS'
  | 'ILLEGAL_GENERATION'
  | 'INCONSISTENT_GROUP_PROTOCOL'
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_REQUEST'
  | 'INVALID_TXN_STATE'
  | 'MESSAGE_TOO_LARGE'
  | 'NON_EMPTY_GROUP'
  | 'OFFSET_METADATA_TOO_LARGE'
  | 'OFFSET_OUT_OF_RANGE'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'PRODUCER_FENCED'
  | 'REBALANCE_IN_PROGRESS'
  | 'TOPIC_RECREATED'
  | 'UNKNOWN_MEMBER_ID'
  | 'UNKNOWN_TOPIC_OR_PARTITION'
  | 'UNSTABLE_OFFSET_COMMIT';

/** An answer of the memory broker that is an error. Clients turn it into what the port promises. */
export class MemoryBrokerError extends Error {
  override readonly name = 'MemoryBrokerError';
  readonly refusal: MemoryRefusal;

  constructor(refusal: MemoryRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** What a caller of the port gets for a refusal; any other error is passed on as it is. */
export function toLogError(error: unknown): unknown {
  if (!(error instanceof MemoryBrokerError)) return error;
  return new LogError(LOG_ERROR_CODES[error.refusal], error.message, { cause: error });
}

/** The refusal that an error stands for, undefined when it is no answer of the broker. */
export function refusalOf(error: unknown): MemoryRefusal | undefined {
  return error instanceof MemoryBrokerError ? error.refusal : undefined;
}

/** True when no answer came: the request may or may not have had its effect. */
export function isLost(error: unknown): boolean {
  return error instanceof LogError && error.code === 'unavailable';
}

const LOG_ERROR_CODES: Readonly<Record<MemoryRefusal, LogErrorCode>> = {
  CONCURRENT_TRANSACTIONS: 'unavailable',
  ILLEGAL_GENERATION: 'not-a-member',
  INCONSISTENT_GROUP_PROTOCOL: 'refused',
  INVALID_PRODUCER_EPOCH: 'fenced',
  INVALID_REQUEST: 'refused',
  INVALID_TXN_STATE: 'refused',
  MESSAGE_TOO_LARGE: 'too-large',
  NON_EMPTY_GROUP: 'refused',
  OFFSET_METADATA_TOO_LARGE: 'too-large',
  OFFSET_OUT_OF_RANGE: 'offset-out-of-range',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'refused',
  PRODUCER_FENCED: 'fenced',
  REBALANCE_IN_PROGRESS: 'rebalancing',
  TOPIC_RECREATED: 'topic-recreated',
  UNKNOWN_MEMBER_ID: 'not-a-member',
  UNKNOWN_TOPIC_OR_PARTITION: 'unknown-topic',
  UNSTABLE_OFFSET_COMMIT: 'unstable-offsets',
};
