import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { WireClient } from '../server/wire-client.ts';
import { saslHandshake } from '../wire/messages/17-sasl-handshake.ts';
import { saslAuthenticate } from '../wire/messages/36-sasl-authenticate.ts';

// The client's side of SASL, for tests of the broker.

/** What PLAIN sends. */
export function plainMessage(user: string, password: string): Buffer {
  return Buffer.from(`\0${user}\0${password}`);
}

/** Authenticates with PLAIN; gives the last answer. */
export async function authenticatePlain(client: WireClient, user: string, password: string) {
  await client.call(saslHandshake, 1, { mechanism: 'PLAIN' });
  return client.call(saslAuthenticate, 2, { authBytes: plainMessage(user, password) });
}

/** Authenticates with SCRAM-SHA-256; gives the last answer. */
export async function authenticateScram(client: WireClient, user: string, password: string) {
  await client.call(saslHandshake, 1, { mechanism: 'SCRAM-SHA-256' });
  const bare = `n=${user},r=nonce`;
  const first = await client.call(saslAuthenticate, 2, { authBytes: Buffer.from(`n,,${bare}`) });
  const serverFirst = Buffer.from(first.authBytes).toString();
  const [, nonce = '', salt = '', iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst) ?? [];
  const salted = saltedPasswordOf(password, Buffer.from(salt, 'base64'), Number(iterations));
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=biws,r=${nonce}`;
  const storedKey = createHash('sha256').update(clientKey).digest();
  const signature = hmac(storedKey, `${bare},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  const authBytes = Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  return client.call(saslAuthenticate, 2, { authBytes });
}

/** What AlterUserScramCredentials sends of a password for SCRAM-SHA-256. */
export function saltedPasswordOf(password: string, salt: Uint8Array, iterations: number): Buffer {
  return pbkdf2Sync(password, salt, iterations, 32, 'sha256');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
