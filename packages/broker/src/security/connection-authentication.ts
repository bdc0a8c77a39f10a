import { sleep, type Cancel, type Clock, type Timers } from '@chat-cluster/kernel';
import { ErrorCode } from '../wire/error-codes.ts';
import { MalformedMessage } from '../wire/malformed-message.ts';
import { saslHandshake } from '../wire/messages/17-sasl-handshake.ts';
import { apiVersions } from '../wire/messages/18-api-versions.ts';
import { saslAuthenticate } from '../wire/messages/36-sasl-authenticate.ts';
import {
  NO_BYTES,
  type SaslExchange,
  type SaslMechanism,
  type SaslStep,
} from './sasl-mechanism.ts';

/** Kafka's name of who does not say who they are. */
export const ANONYMOUS = 'User:ANONYMOUS';

/** `connection.failed.authentication.delay.ms` (KIP-306): how long a failure is held back, so that guessing is slow. */
const FAILED_AUTHENTICATION_DELAY_MS = 100;

/** A client authenticates again at most this often; more would be refused work. As Kafka. */
const REAUTHENTICATION_INTERVAL_MS_MIN = 1_000;

/** What one listener asks of those who connect. */
export type ListenerSasl = {
  readonly mechanisms: ReadonlyMap<string, SaslMechanism>;
  readonly connectionsMaxReauthMs: number | null;
};

export type ConnectionAuthenticationOptions = {
  /** Null: the listener does not ask, and the client is `principal`. */
  readonly sasl: ListenerSasl | null;
  readonly principal: string;
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long authenticating may take. */
  readonly authenticationMs: number;
  /** Called when it took longer. */
  readonly onTimeout: () => void;
};

/** What an authenticated client may do until `endsAtMs`, by the monotonic clock; null: for good. */
type Session = {
  readonly principal: string;
  readonly mechanism: string;
  readonly endsAtMs: number | null;
  /** When the re-authentication began that led to it; null: it is the connection's first. */
  readonly reauthenticatedAtMs: number | null;
};

type Exchange = {
  readonly kind: 'exchange';
  readonly mechanism: string;
  readonly exchange: SaslExchange;
  /** SaslHandshake v0: the client's messages come as frames of their own, without a request around them. */
  readonly isRaw: boolean;
  /** What goes on meanwhile, and when this began, when the client authenticates again. */
  readonly previous: Session | null;
  readonly beganAtMs: number;
};

type Phase =
  /** Nothing has been asked for but ApiVersions. */
  | { readonly kind: 'handshake' }
  /** A mechanism has been chosen, and its messages go to and fro. */
  | Exchange
  | { readonly kind: 'authenticated'; readonly session: Session }
  /** The connection is closed when that has been answered. */
  | { readonly kind: 'failed' };

export type HandshakeAnswer = { readonly errorCode: ErrorCode; readonly mechanisms: string[] };

export type AuthenticateAnswer = {
  readonly errorCode: ErrorCode;
  readonly errorMessage: string | null;
  readonly authBytes: Uint8Array;
  readonly sessionLifetimeMs: number;
};

/**
 * Who a connection's client is, and what it may ask for before that is known. The table of docs/security.md says what
 * each request gives in each phase.
 */
export class ConnectionAuthentication {
  readonly #options: ConnectionAuthenticationOptions;
  #phase: Phase;
  /** Whether a message of the client is being looked at. */
  #isBusy = false;
  #cancelTimeout: Cancel = () => {};

  constructor(options: ConnectionAuthenticationOptions) {
    this.#options = options;
    const { sasl, principal } = options;
    if (sasl === null) {
      const session = { principal, mechanism: '', endsAtMs: null, reauthenticatedAtMs: null };
      this.#phase = { kind: 'authenticated', session };
    } else {
      this.#phase = { kind: 'handshake' };
      this.#startTimeout();
    }
  }

  get phaseName(): 'handshake' | 'exchange' | 're-authentication' | 'authenticated' | 'failed' {
    const phase = this.#phase;
    return phase.kind === 'exchange' && phase.previous !== null ? 're-authentication' : phase.kind;
  }

  /** Kafka's name of the client: `User:` and its name. */
  get principal(): string {
    return this.#session?.principal ?? ANONYMOUS;
  }

  /** Whether the client has said who it is. It still has while it does so again. */
  get isAuthenticated(): boolean {
    return this.#session !== null;
  }

  /** Whether the next frame is a message of SASL without a request around it. */
  get takesRawTokens(): boolean {
    return this.#phase.kind === 'exchange' && this.#phase.isRaw;
  }

  /**
   * To be called with each request before it is served.
   *
   * @throws MalformedMessage when the client may not ask for this now: the connection is closed, as Kafka does
   */
  admit(apiKey: number): void {
    if (!this.#mayAsk(apiKey)) {
      throw new MalformedMessage(`API ${apiKey} is not admitted: ${this.phaseName}`);
    }
  }

  #mayAsk(apiKey: number): boolean {
    const session = this.#session;
    const isAboutSasl = apiKey === saslHandshake.key || apiKey === saslAuthenticate.key;
    if (isAboutSasl && this.#isBusy) return false;
    const hasSession = session !== null && !this.#hasEnded(session);
    switch (this.#phase.kind) {
      case 'handshake':
        return isAboutSasl || apiKey === apiVersions.key;
      case 'exchange':
        return isAboutSasl || hasSession;
      case 'authenticated':
        return apiKey === saslHandshake.key || hasSession;
      case 'failed':
      default:
        return false;
    }
  }

  /** Answers SaslHandshake: the client chooses a mechanism. */
  handshake(
    mechanism: string,
    { isRaw }: { isRaw: boolean },
  ): HandshakeAnswer | Promise<HandshakeAnswer> {
    const phase = this.#phase;
    const session = this.#session;
    if (phase.kind === 'authenticated' && !this.#mayReauthenticate(phase.session)) {
      return { errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms: [] };
    }
    const offered = this.#options.sasl?.mechanisms ?? new Map<string, SaslMechanism>();
    const mechanisms = session === null ? [...offered.keys()] : [session.mechanism];
    if (phase.kind === 'exchange') {
      return this.#fail({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, mechanisms });
    }
    const chosen = mechanisms.includes(mechanism) ? offered.get(mechanism) : undefined;
    if (chosen === undefined) {
      return this.#fail({ errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms });
    }
    this.#phase = {
      ...{ kind: 'exchange', mechanism, exchange: chosen.begin(), isRaw, previous: session },
      beganAtMs: this.#options.clock.monotonicMs(),
    };
    this.#startTimeout();
    return { errorCode: ErrorCode.NONE, mechanisms };
  }

  /** Answers SaslAuthenticate: the next message of the mechanism. */
  authenticate(message: Uint8Array): AuthenticateAnswer | Promise<AuthenticateAnswer> {
    const phase = this.#phase;
    if (phase.kind !== 'exchange') {
      const isEarly = phase.kind === 'handshake';
      const refused = refusal(
        ErrorCode.ILLEGAL_SASL_STATE,
        `SaslAuthenticate request received ${isEarly ? 'before SaslHandshake' : 'after successful authentication'}`,
      );
      return isEarly ? this.#fail(refused) : refused;
    }
    const step = phase.exchange.next(message);
    if (!(step instanceof Promise)) return this.#take(step, phase);
    this.#isBusy = true;
    return step
      .then((later) => this.#take(later, phase))
      .finally(() => {
        this.#isBusy = false;
      });
  }

  /** The connection has been closed. */
  close(): void {
    this.#cancelTimeout();
  }

  #take(step: SaslStep, phase: Exchange): AuthenticateAnswer | Promise<AuthenticateAnswer> {
    if (step.kind === 'challenge') return granted(step.message, 0);
    if (step.kind === 'done') return this.#complete(step, phase);
    const reason = step.reason ?? invalidCredentials(phase.mechanism, phase.previous);
    return this.#fail(refusal(ErrorCode.SASL_AUTHENTICATION_FAILED, reason));
  }

  #complete(
    { user, message, expiresAtMs }: Extract<SaslStep, { kind: 'done' }>,
    { mechanism, previous, beganAtMs }: Exchange,
  ): AuthenticateAnswer | Promise<AuthenticateAnswer> {
    const principal = `User:${user}`;
    if (previous !== null && previous.principal !== principal) {
      const reason = `Cannot change principals during re-authentication from ${previous.principal}: ${principal}`;
      return this.#fail(refusal(ErrorCode.SASL_AUTHENTICATION_FAILED, reason));
    }
    const { clock } = this.#options;
    const lifetimeMs = this.#lifetimeMs(expiresAtMs);
    this.#cancelTimeout();
    this.#phase = {
      kind: 'authenticated',
      session: {
        principal,
        mechanism,
        endsAtMs: lifetimeMs === null ? null : clock.monotonicMs() + lifetimeMs,
        reauthenticatedAtMs: previous === null ? null : beganAtMs,
      },
    };
    return granted(message, lifetimeMs ?? 0);
  }

  /** How long a session lasts that begins now; null: for good. At least 1 ms, since clients take 0 for that. */
  #lifetimeMs(expiresAtMs: number | null): number | null {
    const maxMs = this.#options.sasl?.connectionsMaxReauthMs ?? null;
    if (expiresAtMs === null) return maxMs;
    const untilExpiryMs = Math.max(1, Math.floor(expiresAtMs - this.#options.clock.wallMs()));
    return maxMs === null ? untilExpiryMs : Math.min(untilExpiryMs, maxMs);
  }

  #mayReauthenticate({ endsAtMs, reauthenticatedAtMs }: Session): boolean {
    if (endsAtMs === null) return false;
    if (reauthenticatedAtMs === null) return true;
    const passedMs = this.#options.clock.monotonicMs() - reauthenticatedAtMs;
    return passedMs >= REAUTHENTICATION_INTERVAL_MS_MIN;
  }

  get #session(): Session | null {
    if (this.#phase.kind === 'authenticated') return this.#phase.session;
    return this.#phase.kind === 'exchange' ? this.#phase.previous : null;
  }

  #hasEnded({ endsAtMs }: Session): boolean {
    return endsAtMs !== null && this.#options.clock.monotonicMs() > endsAtMs;
  }

  async #fail<Answer>(answer: Answer): Promise<Answer> {
    this.#phase = { kind: 'failed' };
    this.#cancelTimeout();
    await sleep(this.#options.timers, FAILED_AUTHENTICATION_DELAY_MS);
    return answer;
  }

  #startTimeout(): void {
    this.#cancelTimeout();
    const { timers, authenticationMs, onTimeout } = this.#options;
    this.#cancelTimeout = timers.after(authenticationMs, onTimeout);
  }
}

function granted(authBytes: Uint8Array, sessionLifetimeMs: number): AuthenticateAnswer {
  return { errorCode: ErrorCode.NONE, errorMessage: null, authBytes, sessionLifetimeMs };
}

function refusal(errorCode: ErrorCode, errorMessage: string): AuthenticateAnswer {
  return { errorCode, errorMessage, authBytes: NO_BYTES, sessionLifetimeMs: 0 };
}

/** Kafka's sentence, which says the same of a wrong password and of a user that does not exist. */
function invalidCredentials(mechanism: string, previous: Session | null): string {
  const what = previous === null ? 'authentication' : 're-authentication';
  return `Authentication failed during ${what} due to invalid credentials with SASL mechanism ${mechanism}`;
}
