import { LogError, type TransactionResult } from '@chat-cluster/log';
import { isCoordinatorMoving, kafkaErrorName, logErrorOf } from '../connections/kafka-errors.ts';

/** Why a transaction is taken back. */
export type TransactionFault = {
  readonly reason: Extract<TransactionResult, { outcome: 'aborted' }>['reason'];
  readonly message: string;
  /**
   * An answer is missing, or a partition's sequence is in doubt: a late request could land in the next
   * transaction, unless that has another epoch.
   */
  readonly mustBump: boolean;
};

/** The fault that the owner of the transaction is told of: the one that says most about what to do. */
export function worstOf(faults: readonly TransactionFault[]): TransactionFault | undefined {
  const worst = faults.toSorted((a, b) => rank(a) - rank(b))[0];
  return worst && { ...worst, mustBump: faults.some(({ mustBump }) => mustBump) };
}

function rank(fault: TransactionFault): number {
  return reasonsByRank.indexOf(fault.reason);
}

const reasonsByRank: readonly TransactionFault['reason'][] = [
  'not-a-member',
  'rebalancing',
  'too-large',
  'refused',
  'unavailable',
  'requested',
];

/**
 * What an error code in an answer means for the transaction. A code of fencing is no verdict yet: the coordinator,
 * asked to end the transaction, says whether this producer is fenced.
 */
export function faultOfCode(errorCode: number, what: string): TransactionFault {
  const message = `${what} was answered with ${kafkaErrorName(errorCode)}.`;
  if (isCoordinatorMoving(errorCode) || passingCodes.has(errorCode)) {
    return { reason: 'unavailable', message, mustBump: true };
  }
  const { code } = logErrorOf(errorCode, what);
  if (code === 'not-a-member' || code === 'rebalancing') {
    return { reason: code, message, mustBump: false };
  }
  if (code === 'too-large' || code === 'refused') return { reason: code, message, mustBump: true };
  if (code === 'unknown-topic') return { reason: 'refused', message, mustBump: true };
  return { reason: 'unavailable', message, mustBump: true };
}

/** Refusals elsewhere; here the next transaction, with another epoch, may do better. */
const passingCodes: ReadonlySet<number> = new Set([
  45, // OUT_OF_ORDER_SEQUENCE_NUMBER
  46, // DUPLICATE_SEQUENCE_NUMBER
  48, // INVALID_TXN_STATE
  49, // INVALID_PRODUCER_ID_MAPPING
  59, // UNKNOWN_PRODUCER_ID
  120, // TRANSACTION_ABORTABLE
]);

/** A request without an answer. @throws what is not an operating error of the log, and `closed` */
export function faultOfFailure(error: unknown): TransactionFault {
  if (!(error instanceof LogError) || error.code === 'closed') throw error;
  const reason = error.code === 'unknown-topic' ? 'refused' : 'unavailable';
  return { reason, message: error.message, mustBump: true };
}
