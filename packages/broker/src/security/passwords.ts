import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Users } from './listener-security.ts';

const DIGEST_BYTES = 32;

/**
 * Checks passwords. How long that takes says nothing about the password, nor whether there is such a user.
 *
 * The passwords are kept as digests under a key of this process, which also makes them equally long.
 */
export class Passwords {
  readonly #key = randomBytes(DIGEST_BYTES);
  readonly #digests: ReadonlyMap<string, Buffer>;
  /** Of no password: nobody finds one that has it. */
  readonly #unknown = randomBytes(DIGEST_BYTES);

  constructor(users: Users) {
    const entries = Object.entries(users);
    this.#digests = new Map(entries.map(([name, password]) => [name, this.#digest(password)]));
  }

  areRight(user: string, password: string): boolean {
    const expected = this.#digests.get(user) ?? this.#unknown;
    return timingSafeEqual(this.#digest(password), expected);
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(password).digest();
  }
}
