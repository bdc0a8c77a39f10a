import type { Socket } from 'node:net';
import type { TlsOptions as ServerOptions } from 'node:tls';
import { assert, type Clock, type Timers } from '@chat-cluster/kernel';
import { ConnectionAuthentication, type ListenerSasl } from './connection-authentication.ts';
import type {
  ListenerSecurity,
  SaslMechanismName,
  SaslOptions,
  Users,
} from './listener-security.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { Passwords } from './passwords.ts';
import { plain } from './plain.ts';
import type { SaslMechanism } from './sasl-mechanism.ts';
import { SCRAM_NAMES } from './scram-credential.ts';
import type { ScramUsers } from './scram-users.ts';
import { scram } from './scram.ts';
import { principalByCertificate, tlsServerOptions } from './tls.ts';
import { tokenVerifier } from './verify-token.ts';

/** A listener's security as the server uses it. */
export type Gatekeeper = {
  /** Null: the listener is plaintext. */
  readonly tls: ServerOptions | null;
  /** For a new connection, after the hand-shake of TLS; null: it is closed. */
  authenticationOf(socket: Socket): ConnectionAuthentication | null;
};

export type BrokerSecurityOptions = {
  readonly users: Users;
  readonly scramUsers: ScramUsers;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly authenticationMs: number;
  readonly onError: (error: Error) => void;
};

/**
 * Makes the security of each listener. The state journal is open.
 *
 * @throws (rejects) BrokerStartError INVALID_SECURITY, JournalError
 */
export async function openSecurity<Listener extends ListenerSecurity>(
  listeners: readonly Listener[],
  options: BrokerSecurityOptions,
): Promise<{ address: Listener; gatekeeper: Gatekeeper }[]> {
  const { users, scramUsers } = options;
  const offered = new Set(listeners.flatMap(({ sasl }) => sasl?.mechanisms ?? []));
  await scramUsers.configure(
    users,
    SCRAM_NAMES.filter((name) => offered.has(name)),
  );
  const passwords = new Passwords(users);
  return Promise.all(
    listeners.map(async (address) => {
      const tls = address.tls === undefined ? null : tlsServerOptions(address.tls);
      const sasl =
        address.sasl === undefined ? null : await saslOf(address.sasl, passwords, options);
      return { address, gatekeeper: gatekeeperOf(tls, sasl, options) };
    }),
  );
}

function gatekeeperOf(
  tls: ServerOptions | null,
  sasl: ListenerSasl | null,
  { clock, timers, authenticationMs }: BrokerSecurityOptions,
): Gatekeeper {
  return {
    tls,
    authenticationOf(socket) {
      const principal = principalByCertificate(socket);
      if (principal === null) return null;
      const onTimeout = (): void => {
        socket.destroy();
      };
      return new ConnectionAuthentication({
        ...{ sasl, principal, clock, timers, authenticationMs, onTimeout },
      });
    },
  };
}

async function saslOf(
  { mechanisms, connectionsMaxReauthMs, oauthBearer: tokens }: SaslOptions,
  passwords: Passwords,
  options: BrokerSecurityOptions,
): Promise<ListenerSasl> {
  const made = mechanisms.map(async (name): Promise<[SaslMechanismName, SaslMechanism]> => {
    if (name === 'PLAIN') return [name, plain(passwords)];
    if (name === 'OAUTHBEARER') {
      assert(tokens !== undefined, 'A listener with OAUTHBEARER says which tokens are good.');
      return [name, oauthBearer(await tokenVerifier(tokens, options))];
    }
    const credentialOf = (user: string) => options.scramUsers.credentialOrMock(name, user);
    return [name, scram(name, { credentialOf })];
  });
  return {
    mechanisms: new Map(await Promise.all(made)),
    connectionsMaxReauthMs: connectionsMaxReauthMs ?? null,
  };
}
