import {
  failed,
  NO_BYTES,
  saslText,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './sasl-mechanism.ts';

/** What a good token says. */
export type VerifiedToken = {
  readonly user: string;
  readonly expiresAtMs: number;
};

/** Gives null for a token that is not good. */
export type VerifyToken = (token: string) => Promise<VerifiedToken | null>;

const INVALID_TOKEN = JSON.stringify({ status: 'invalid_token' });

/**
 * OAUTHBEARER (RFC 7628). The client's message:
 *
 *     ("n" / "y") "," ["a=" authzid] "," ^A *(key "=" value ^A) ^A        the key `auth`: "Bearer " token
 *
 * A token that is not good is answered as a challenge with the error in JSON; the client acknowledges it, and only then
 * has the authentication failed.
 */
export function oauthBearer(verify: VerifyToken): SaslMechanism {
  return { name: 'OAUTHBEARER', begin: () => new OauthBearerExchange(verify) };
}

class OauthBearerExchange implements SaslExchange {
  readonly #verify: VerifyToken;
  #isRefused = false;

  constructor(verify: VerifyToken) {
    this.#verify = verify;
  }

  next(message: Uint8Array): SaslStep | Promise<SaslStep> {
    if (this.#isRefused) return failed(INVALID_TOKEN);
    const shown = readInitialResponse(saslText(message) ?? '');
    return shown === null ? failed() : this.#check(shown);
  }

  async #check({ token, authorizationId }: ShownToken): Promise<SaslStep> {
    const verified = await this.#verify(token);
    if (verified === null) {
      this.#isRefused = true;
      return { kind: 'challenge', message: Buffer.from(INVALID_TOKEN) };
    }
    const { user, expiresAtMs } = verified;
    if (authorizationId !== '' && authorizationId !== user) {
      return failed(
        "Authentication failed: Client requested an authorization id that is different from the token's principal name",
      );
    }
    return { kind: 'done', message: NO_BYTES, user, expiresAtMs };
  }
}

type ShownToken = { readonly token: string; readonly authorizationId: string };

function readInitialResponse(text: string): ShownToken | null {
  const [header = '', ...pairs] = text.split('\u0001');
  const authorizationId = /^[ny],(?:a=([^,]*))?,$/u.exec(header);
  const isClosed = pairs.at(-1) === '' && pairs.at(-2) === '';
  if (authorizationId === null || !isClosed) return null;
  const auth = pairs.find((pair) => pair.startsWith('auth='));
  const token = /^auth=bearer +([\w.~+/-]+=*)$/iu.exec(auth ?? '')?.[1];
  return token === undefined ? null : { token, authorizationId: authorizationId[1] ?? '' };
}
