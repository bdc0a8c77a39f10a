/** How a listener knows who connects. Plain data: it crosses to the broker's thread. */
export type ListenerSecurity = {
  /** Without it, connections are plaintext. */
  readonly tls?: TlsOptions;
  /** Without it, clients are who their certificate says, or `User:ANONYMOUS`. */
  readonly sasl?: SaslOptions;
  /**
   * Lets a listener that other machines can reach take clients that do not say who they are. Default false: the
   * broker does not start then.
   */
  readonly allowUnauthenticated?: boolean;
};

/** TLS 1.2 and 1.3. Keys and certificates are PEM texts. */
export type TlsOptions = {
  readonly key: string;
  /** The broker's certificate, followed by those between it and its authority. */
  readonly cert: string;
  /** The authorities whose client certificates are good. Needed where clients show one. */
  readonly ca?: string;
  /**
   * `ssl.client.auth`. `requested`: a client may show a certificate, and one that is shown must be good; `required`:
   * it must. Default `none`.
   *
   * Without SASL a client with a certificate is `User:` and its subject in the form of RFC 2253, as Kafka has it:
   * `User:CN=alice,OU=chat,O=Example`.
   */
  readonly clientAuth?: 'none' | 'requested' | 'required';
};

export type SaslOptions = {
  /**
   * What clients may choose from. PLAIN and OAUTHBEARER send secrets as they are: use them with TLS, SCRAM too where
   * somebody may listen.
   */
  readonly mechanisms: readonly SaslMechanismName[];
  /**
   * `connections.max.reauth.ms` (KIP-368): a client has to authenticate again within this time, or its connection is
   * closed. Default: never; the expiry of a token bounds its session in any case.
   */
  readonly connectionsMaxReauthMs?: number;
  /** Needed for OAUTHBEARER. */
  readonly oauthBearer?: OauthBearerOptions;
};

export type SaslMechanismName = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';

/** Which tokens are good: JWTs that are signed, have an expiry, and say who they are from and for. */
export type OauthBearerOptions = {
  /** The keys of who signs (RFC 7517), or the URL where they are; fetched anew when a token names an unknown one. */
  readonly jwks: string | { readonly keys: readonly { readonly [member: string]: unknown }[] };
  /** The `iss` of a good token. */
  readonly issuer: string;
  /** A good token's `aud` has it. */
  readonly audience: string;
  /** The claim that names the user. Default `sub`. */
  readonly principalClaim?: string;
};

/** Users of PLAIN and SCRAM with their passwords. */
export type Users = { readonly [name: string]: string };
