import type { Passwords } from './passwords.ts';
import { failed, NO_BYTES, saslText, type SaslMechanism, type SaslStep } from './sasl-mechanism.ts';

/**
 * PLAIN (RFC 4616). One message:
 *
 *     [authzid] NUL user NUL password        UTF-8; authzid is empty or the user
 */
export function plain(passwords: Passwords): SaslMechanism {
  return { name: 'PLAIN', begin: () => ({ next: (message) => checked(message, passwords) }) };
}

function checked(message: Uint8Array, passwords: Passwords): SaslStep {
  const parts = saslText(message)?.split('\0');
  if (parts?.length !== 3) {
    return failed('Authentication failed: the PLAIN message does not consist of three parts');
  }
  const [authorizationId = '', user = '', password = ''] = parts;
  if (user === '') return failed('Authentication failed: username not specified');
  if (password === '') return failed('Authentication failed: password not specified');
  if (!passwords.areRight(user, password)) {
    return failed('Authentication failed: Invalid username or password');
  }
  if (authorizationId !== '' && authorizationId !== user) {
    return failed(
      'Authentication failed: Client requested an authorization id that is different from username',
    );
  }
  return { kind: 'done', message: NO_BYTES, user, expiresAtMs: null };
}
