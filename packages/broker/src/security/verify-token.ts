import type { Clock } from '@chat-cluster/kernel';
import { BrokerStartError } from '../broker-start-error.ts';
import type { OauthBearerOptions } from './listener-security.ts';
import type { VerifyToken } from './oauth-bearer.ts';

type Jose = typeof import('jose');
type Keys = ReturnType<Jose['createLocalJWKSet'] | Jose['createRemoteJWKSet']>;

/** Between the clocks of the broker and of who signs. */
const CLOCK_SKEW_S_MAX = 30;

/**
 * Verifies JWTs against the keys of who signs them. `onError` is told when those cannot be had, once until they can.
 *
 * @throws (rejects) BrokerStartError INVALID_SECURITY
 */
export async function tokenVerifier(
  options: OauthBearerOptions,
  { clock, onError }: { clock: Clock; onError: (error: Error) => void },
): Promise<VerifyToken> {
  const jose = await import('jose'); // loaded only where a listener needs it
  const { issuer, audience, principalClaim = 'sub' } = options;
  const keys = keysOf(jose, options.jwks);
  let areKeysMissing = false;
  const reportMissingKeys = (cause: unknown): void => {
    if (!areKeysMissing) onError(keysMissing(options, cause));
    areKeysMissing = true;
  };
  return async (token) => {
    try {
      const { payload } = await jose.jwtVerify(token, keys, {
        issuer,
        audience,
        currentDate: new Date(clock.wallMs()),
        clockTolerance: CLOCK_SKEW_S_MAX,
      });
      areKeysMissing = false;
      const user = payload[principalClaim];
      if (typeof user !== 'string' || user === '' || payload.exp === undefined) return null;
      return { user, expiresAtMs: payload.exp * 1000 };
    } catch (error) {
      if (!isAboutToken(jose, error)) reportMissingKeys(error);
      return null;
    }
  };
}

function keysOf(jose: Jose, jwks: OauthBearerOptions['jwks']): Keys {
  try {
    return typeof jwks === 'string'
      ? jose.createRemoteJWKSet(urlOf(jwks))
      : jose.createLocalJWKSet({ keys: [...jwks.keys] });
  } catch (cause) {
    throw new BrokerStartError(
      'INVALID_SECURITY',
      'The keys for OAUTHBEARER tokens (jwks) are neither a URL nor a set of keys in the form of RFC 7517; correct them.',
      { cause },
    );
  }
}

function urlOf(text: string): URL {
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(`${url.protocol} is not fetched`);
  return url;
}

/** Whether the token is not good; otherwise it could not be looked at. */
function isAboutToken({ errors }: Jose, error: unknown): boolean {
  const isAboutKeys =
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
  return error instanceof errors.JOSEError && !isAboutKeys;
}

function keysMissing({ jwks }: OauthBearerOptions, cause: unknown): Error {
  const where = typeof jwks === 'string' ? ` from ${new URL(jwks).host}` : '';
  return new Error(
    `The keys for OAUTHBEARER tokens cannot be read${where}; clients cannot authenticate with tokens until they can.`,
    { cause },
  );
}
