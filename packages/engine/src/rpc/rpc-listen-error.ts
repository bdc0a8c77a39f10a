/**
 * `no-authentication`: nobody would be asked who they are, and others than this machine could call. `weak-secret`: guessing it takes too few tries.
 * `address-in-use`, `address-unavailable`: choose another host or port.
 */
export type RpcListenErrorCode =
  | 'no-authentication'
  | 'weak-secret'
  | 'address-in-use'
  | 'address-unavailable';

/** Why a port cannot be listened on, and what to do; trying again does not help. */
export class RpcListenError extends Error {
  override readonly name = 'RpcListenError';
  readonly code: RpcListenErrorCode;

  constructor(code: RpcListenErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
