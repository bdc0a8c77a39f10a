/** What a client says first. */
export type ClientFirst = {
  readonly authorizationId: string;
  readonly user: string;
  readonly nonce: string;
  /** In front of the message proper; the client repeats it in its last message. */
  readonly gs2Header: string;
  /** The message without it. */
  readonly bare: string;
};

export type ClientFinal = {
  readonly channelBinding: Buffer;
  readonly nonce: string;
  readonly proof: Buffer;
  readonly withoutProof: string;
};

/**
 * Reads the first message of SCRAM (RFC 5802), or gives null: not of this grammar, with channel binding (`p=`), or with
 * an extension that must be understood (`m=`).
 *
 *     ("n" / "y") "," ["a=" authzid] "," "n=" user ",r=" nonce *("," extension)
 */
export function readClientFirst(text: string): ClientFirst | null {
  const match =
    /^(?<gs2Header>[ny],(?:a=(?<authorizationId>[^,]+))?,)(?<bare>n=(?<user>[^,]+),r=(?<nonce>[!-+\--~]+)(?:,.*)?)$/su.exec(
      text,
    );
  if (match?.groups === undefined) return null;
  const { gs2Header = '', bare = '', nonce = '' } = match.groups;
  const user = unescaped(match.groups['user'] ?? '');
  const authorizationId = unescaped(match.groups['authorizationId'] ?? '');
  return user === null || authorizationId === null
    ? null
    : { authorizationId, user, nonce, gs2Header, bare };
}

/**
 * Reads the last message, or gives null.
 *
 *     "c=" base64(channel binding) ",r=" nonce *("," extension) ",p=" base64(proof)
 */
export function readClientFinal(text: string): ClientFinal | null {
  const match =
    /^(?<withoutProof>c=(?<channelBinding>[A-Za-z\d+/]+={0,2}),r=(?<nonce>[!-+\--~]+)(?:,.*)?),p=(?<proof>[A-Za-z\d+/]+={0,2})$/su.exec(
      text,
    );
  if (match?.groups === undefined) return null;
  const { withoutProof = '', channelBinding = '', nonce = '', proof = '' } = match.groups;
  return {
    channelBinding: Buffer.from(channelBinding, 'base64'),
    nonce,
    proof: Buffer.from(proof, 'base64'),
    withoutProof,
  };
}

/** A name with `=2C` for a comma and `=3D` for an equals sign; null for any other use of the latter. */
function unescaped(name: string): string | null {
  if (/=(?!2C|3D)/u.test(name)) return null;
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
