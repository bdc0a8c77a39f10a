import { hash, timingSafeEqual } from 'node:crypto';
import { Code, ConnectError, createContextKey, type HandlerContext } from '@connectrpc/connect';
import { isLoopback } from '@chat-cluster/kernel';
import { RpcListenError } from './rpc-listen-error.ts';

/**
 * Who may call a port. `anyone`: it is for people outside, and its service shows only what they may see. `nodes`: callers know the secret, or show a certificate if the port asks for
 * one; if there is neither, the port is for this machine only.
 */
export type RpcAccess =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'nodes'; readonly secret?: string | undefined };

/** Shorter ones can be guessed. */
const SECRET_BYTES_MIN = 16;

/** Whether the caller's certificate is signed by whom the port trusts. */
export const isCertifiedKey = createContextKey(false);

/** Throws a RpcListenError where anybody on the network could call as a node. */
export function requireSafeAccess(
  access: RpcAccess,
  { address, asksCertificate }: { readonly address: string; readonly asksCertificate: boolean },
): void {
  if (access.kind === 'anyone') return;
  if (access.secret !== undefined && Buffer.byteLength(access.secret) < SECRET_BYTES_MIN) {
    throw new RpcListenError(
      'weak-secret',
      `The secret between nodes has fewer than ${SECRET_BYTES_MIN} bytes: choose a longer one at random.`,
    );
  }
  if (access.secret === undefined && !asksCertificate && !isLoopback(address)) {
    throw new RpcListenError(
      'no-authentication',
      `${address} can be reached from other machines, and nodes would not have to say who they are: give a shared secret or certificates, or listen on 127.0.0.1.`,
    );
  }
}

/** What a caller shows. */
export type Shown = {
  /** The `authorization` header. */
  readonly authorization: string | null;
  /** Its certificate is signed by whom the port trusts. */
  readonly isCertified: boolean;
};

/**
 * The check before any byte of a request's body is read: throws UNAUTHENTICATED. A port that has a secret and asks for certificates wants both. How long it takes says nothing about the
 * secret.
 */
export function accessCheck(
  access: RpcAccess,
  { asksCertificate }: { readonly asksCertificate: boolean },
): (shown: Shown) => void {
  const expected =
    access.kind === 'nodes' && access.secret !== undefined
      ? digest(bearer(access.secret))
      : undefined;
  return ({ authorization, isCertified }) => {
    if (asksCertificate && !isCertified) {
      throw new ConnectError(
        'This port is for nodes that show a certificate it trusts.',
        Code.Unauthenticated,
      );
    }
    if (expected === undefined) return;
    if (authorization === null) {
      throw new ConnectError(
        'This port is for nodes that know the shared secret, and the request shows none.',
        Code.Unauthenticated,
      );
    }
    if (!timingSafeEqual(digest(authorization), expected)) {
      throw new ConnectError(
        'The request shows another secret than this node has: give all nodes the same one.',
        Code.Unauthenticated,
      );
    }
  };
}

/** The same for the library. */
export function accessGate(check: (shown: Shown) => void): (context: HandlerContext) => void {
  return ({ requestHeader, values }) => {
    const authorization = requestHeader.get('authorization');
    check({ authorization, isCertified: values.get(isCertifiedKey) });
  };
}

/** The value of the `authorization` header of who knows the secret. */
export function bearer(secret: string): string {
  return `Bearer ${secret}`;
}

/** Of equal length for all secrets, as the comparison needs it. */
function digest(shown: string): Buffer {
  return hash('sha256', shown, 'buffer');
}
