import { Code, ConnectError } from '@connectrpc/connect';
import type { RefusedCode } from './entity-owner.ts';
import { RouterError, type RouterErrorCode } from './router-error.ts';

/** The codes of gRPC say less than ours; this header of an error says ours. */
const HEADER = 'chatcluster-refused';

const rpcCodes: Readonly<Record<RouterErrorCode, Code>> = {
  unavailable: Code.Unavailable,
  'too-slow': Code.ResourceExhausted,
  'unknown-entity-type': Code.NotFound,
  'invalid-entity-id': Code.InvalidArgument,
  'invalid-position': Code.FailedPrecondition,
  'invalid-question': Code.InvalidArgument,
  'unreadable-state': Code.FailedPrecondition,
  overloaded: Code.ResourceExhausted,
};

/** What a caller over the network gets for it; our own code travels with it. */
export function toConnectError(error: RouterError): ConnectError {
  return new ConnectError(error.message, rpcCodes[error.code], { [HEADER]: error.code });
}

/** Undefined for an error that is no refusal of ours, a broken connection, say. */
export function refusalOf(
  error: ConnectError,
): { readonly code: RefusedCode | 'too-slow'; readonly reason: string } | undefined {
  const code = error.metadata.get(HEADER);
  if (code === null || !Object.hasOwn(rpcCodes, code) || code === 'unavailable') return undefined;
  return { code: code as RefusedCode | 'too-slow', reason: error.rawMessage };
}
