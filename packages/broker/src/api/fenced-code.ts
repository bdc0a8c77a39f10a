import { ErrorCode } from '../wire/error-codes.ts';

/** PRODUCER_FENCED for clients whose version of the request knows it, else INVALID_PRODUCER_EPOCH (KIP-588). */
export function fencedCode(errorCode: ErrorCode, isKnown: boolean): ErrorCode {
  const isFenced = errorCode === ErrorCode.PRODUCER_FENCED;
  return isFenced && !isKnown ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode;
}
