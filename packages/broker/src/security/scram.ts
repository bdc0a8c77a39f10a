import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  failed,
  saslText,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './sasl-mechanism.ts';
import {
  SCRAM,
  scramHash,
  scramHmac,
  type ScramCredential,
  type ScramName,
} from './scram-credential.ts';
import { readClientFinal, readClientFirst, type ClientFirst } from './scram-messages.ts';

/** RFC 5802 leaves it open; this many cannot be guessed, nor met twice. */
const NONCE_BYTES = 24;

export type ScramOptions = {
  /** What is known of a user; for an unknown one something that no password fits. */
  readonly credentialOf: (user: string) => ScramCredential;
  /** For tests: what the server adds to the nonce. Default: random. */
  readonly serverNonce?: () => string;
};

/**
 * SCRAM (RFC 5802, RFC 7677) without channel binding: the client proves that it knows the password, and the server
 * that it has the credential, without either being sent.
 */
export function scram(name: ScramName, options: ScramOptions): SaslMechanism {
  return { name, begin: () => new ScramExchange(name, options) };
}

/** What the server has answered to the first message. */
type Challenge = {
  readonly first: ClientFirst;
  readonly credential: ScramCredential;
  readonly nonce: string;
  readonly serverFirst: string;
};

class ScramExchange implements SaslExchange {
  readonly #name: ScramName;
  readonly #options: ScramOptions;
  #challenge: Challenge | null = null;

  constructor(name: ScramName, options: ScramOptions) {
    this.#name = name;
    this.#options = options;
  }

  next(message: Uint8Array): SaslStep {
    const text = saslText(message);
    if (text === null) return failed();
    return this.#challenge === null ? this.#begin(text) : this.#check(text, this.#challenge);
  }

  #begin(text: string): SaslStep {
    const first = readClientFirst(text);
    if (first === null) return failed();
    const { user, authorizationId } = first;
    if (authorizationId !== '' && authorizationId !== user) {
      return failed(
        'Authentication failed: Client requested an authorization id that is different from username',
      );
    }
    const credential = this.#options.credentialOf(user);
    const nonce = first.nonce + (this.#options.serverNonce ?? randomNonce)();
    const { salt, iterations } = credential;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.#challenge = { first, credential, nonce, serverFirst };
    return { kind: 'challenge', message: Buffer.from(serverFirst) };
  }

  #check(text: string, { first, credential, nonce, serverFirst }: Challenge): SaslStep {
    const final = readClientFinal(text);
    if (final === null || final.nonce !== nonce) return failed();
    if (final.channelBinding.toString() !== first.gs2Header) return failed();
    const { storedKey, serverKey } = credential;
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const signature = scramHmac(this.#name, storedKey, authMessage);
    if (final.proof.byteLength !== SCRAM[this.#name].hashBytes) return failed();
    const clientKey = xor(final.proof, signature);
    if (!timingSafeEqual(scramHash(this.#name, clientKey), storedKey)) return failed();
    const verifier = scramHmac(this.#name, serverKey, authMessage).toString('base64');
    const message = Buffer.from(`v=${verifier}`);
    return { kind: 'done', message, user: first.user, expiresAtMs: null };
  }
}

function randomNonce(): string {
  return randomBytes(NONCE_BYTES).toString('base64url');
}

function xor(one: Buffer, other: Buffer): Buffer {
  return one.map((byte, index) => byte ^ (other[index] ?? 0)) as Buffer;
}
