import { isLoopback } from '@chat-cluster/kernel';
import { BrokerStartError } from '../broker-start-error.ts';
import type { ListenerAddress } from '../server/listener.ts';
import type {
  ListenerSecurity,
  SaslMechanismName,
  SaslOptions,
  Users,
} from './listener-security.ts';

const MECHANISMS: readonly SaslMechanismName[] = [
  'PLAIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'OAUTHBEARER',
];

/**
 * Checks what can be checked before anything is opened.
 *
 * @throws BrokerStartError NO_AUTHENTICATION where anybody on the network could come in; INVALID_SECURITY for options
 *   that cannot work
 */
export function requireSafeListeners(
  listeners: readonly (ListenerAddress & ListenerSecurity)[],
  users: Users,
): void {
  for (const listener of listeners) {
    requireAuthentication(listener);
    if (listener.sasl !== undefined) requireUsable(listener.sasl, users);
  }
  for (const [name, password] of Object.entries(users)) {
    if (name === '' || password === '') throw invalid('A user has no name, or no password');
  }
}

function requireAuthentication({
  host,
  tls,
  sasl,
  allowUnauthenticated = false,
}: ListenerAddress & ListenerSecurity): void {
  const authenticates = sasl !== undefined || tls?.clientAuth === 'required';
  if (authenticates || allowUnauthenticated || isLoopback(host)) return;
  throw new BrokerStartError(
    'NO_AUTHENTICATION',
    `${host} can be reached from other machines, and clients would not have to say who they are; ` +
      'give the listener SASL or required client certificates, listen on 127.0.0.1, or allow it (allowUnauthenticated).',
  );
}

function requireUsable(
  { mechanisms, connectionsMaxReauthMs, oauthBearer }: SaslOptions,
  users: Users,
): void {
  if (mechanisms.length === 0) throw invalid('A listener with SASL offers no mechanism');
  const unknown = mechanisms.find((mechanism) => !MECHANISMS.includes(mechanism));
  if (unknown !== undefined) {
    throw invalid(`There is no SASL mechanism ${unknown}; there are ${MECHANISMS.join(', ')}`);
  }
  if (mechanisms.includes('PLAIN') && Object.keys(users).length === 0) {
    throw invalid('A listener offers PLAIN, and the options have no users');
  }
  if (mechanisms.includes('OAUTHBEARER') && oauthBearer === undefined) {
    throw invalid(
      'A listener offers OAUTHBEARER without saying which tokens are good (oauthBearer)',
    );
  }
  if (connectionsMaxReauthMs !== undefined && !(connectionsMaxReauthMs >= 1)) {
    throw invalid(
      'The time until clients authenticate again (connectionsMaxReauthMs) is below 1 ms',
    );
  }
}

function invalid(problem: string): BrokerStartError {
  return new BrokerStartError('INVALID_SECURITY', `${problem}; correct the options.`);
}
