import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

export type ScramName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

type ScramFacts = {
  readonly hash: 'sha256' | 'sha512';
  readonly hashBytes: number;
  /** Kafka's number of the mechanism in its APIs. */
  readonly type: number;
};

export const SCRAM: Record<ScramName, ScramFacts> = {
  'SCRAM-SHA-256': { hash: 'sha256', hashBytes: 32, type: 1 },
  'SCRAM-SHA-512': { hash: 'sha512', hashBytes: 64, type: 2 },
};

export const SCRAM_NAMES: readonly ScramName[] = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** Kafka's bounds. RFC 7677 asks for at least as many; more cost clients too much. */
export const ITERATIONS_MIN = 4096;
export const ITERATIONS_MAX = 16_384;

/** What a server keeps of a password (RFC 5802): it can check one, and cannot be turned back into it. */
export type ScramCredential = {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
};

const derive = promisify(pbkdf2);

/** `Hi` of RFC 5802. Passwords are taken as their UTF-8 bytes, without SASLprep, as Kafka does. */
export function saltedPassword(
  name: ScramName,
  { password, salt, iterations }: { password: string; salt: Uint8Array; iterations: number },
): Promise<Buffer> {
  const { hash, hashBytes } = SCRAM[name];
  return derive(password, salt, iterations, hashBytes, hash);
}

export function scramCredential(
  name: ScramName,
  { salted, salt, iterations }: { salted: Uint8Array; salt: Uint8Array; iterations: number },
): ScramCredential {
  return {
    salt: Buffer.from(salt),
    iterations,
    storedKey: scramHash(name, scramHmac(name, salted, 'Client Key')),
    serverKey: scramHmac(name, salted, 'Server Key'),
  };
}

export function scramHmac(name: ScramName, key: Uint8Array, text: string): Buffer {
  return createHmac(SCRAM[name].hash, key).update(text).digest();
}

export function scramHash(name: ScramName, bytes: Uint8Array): Buffer {
  return createHash(SCRAM[name].hash).update(bytes).digest();
}
