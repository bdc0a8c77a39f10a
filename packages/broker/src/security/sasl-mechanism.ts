import type { SaslMechanismName } from './listener-security.ts';

/** One way of saying who one is, as a listener offers it. */
export type SaslMechanism = {
  readonly name: SaslMechanismName;
  begin(): SaslExchange;
};

/** One client's authentication. Its state is that of one connection. */
export type SaslExchange = {
  /** Takes the next message of the client. Not called again after a step that is `done` or `failed`. */
  next(message: Uint8Array): SaslStep | Promise<SaslStep>;
};

export type SaslStep =
  | { readonly kind: 'challenge'; readonly message: Uint8Array }
  | {
      readonly kind: 'done';
      readonly message: Uint8Array;
      readonly user: string;
      /** When what the client has shown expires, in wall time; null: never. */
      readonly expiresAtMs: number | null;
    }
  /** `reason`: a sentence for the client, which must not tell whether the user exists. Null: the usual one. */
  | { readonly kind: 'failed'; readonly reason: string | null };

export const NO_BYTES = new Uint8Array(0);

export function failed(reason: string | null = null): SaslStep {
  return { kind: 'failed', reason };
}

/** The text of a SASL message, or null when its bytes are not UTF-8. */
export function saslText(message: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    return null;
  }
}
