import { createHmac, randomBytes } from 'node:crypto';
import { assert } from '@chat-cluster/kernel';
import type { SectionJournal, StateJournal } from '../state-journal/state-journal.ts';
import type { Users } from './listener-security.ts';
import {
  ITERATIONS_MIN,
  SCRAM,
  SCRAM_NAMES,
  saltedPassword,
  scramCredential,
  type ScramCredential,
  type ScramName,
} from './scram-credential.ts';

/** Bytes as base64. */
type ScramUserChange =
  | { readonly kind: 'secret'; readonly secret: string }
  | {
      readonly kind: 'upserted';
      readonly mechanism: ScramName;
      readonly user: string;
      readonly salt: string;
      readonly iterations: number;
      readonly storedKey: string;
      readonly serverKey: string;
    }
  | { readonly kind: 'deleted'; readonly mechanism: ScramName; readonly user: string };

const SECRET_BYTES = 32;
/** Of salts that this broker makes. */
const SALT_BYTES = 24;

type Credentials = Record<ScramName, Map<string, ScramCredential>>;

/**
 * The SCRAM credentials of all users: those that clients have altered, kept by the state journal, and those of the
 * broker's options, which win. No password is kept, and nothing that one can be found from but by trying.
 *
 * Salts of users in the options, and those shown for users that do not exist, come from one secret, which is kept too:
 * whoever asks for a name gets the same salt each time, and cannot tell one from the other.
 */
export class ScramUsers {
  readonly #journal: SectionJournal<ScramUserChange>;
  #secret: Buffer | null = null;
  readonly #altered: Credentials = noCredentials();
  readonly #configured: Credentials = noCredentials();
  #configuredNames: ReadonlySet<string> = new Set();

  /** Registers the journal's section `scram-users`. */
  constructor(journal: StateJournal) {
    this.#journal = journal.section<ScramUserChange>({
      name: 'scram-users',
      replay: (change) => this.#apply(change),
      snapshot: () => this.#snapshot(),
    });
  }

  /**
   * Makes credentials of the users of the options, for the mechanisms that listeners offer. Before the first client
   * comes, with the journal open.
   *
   * @throws (rejects) JournalError
   */
  async configure(users: Users, mechanisms: readonly ScramName[]): Promise<void> {
    this.#configuredNames = new Set(Object.keys(users));
    if (mechanisms.length === 0) return;
    if (this.#secret === null) await this.#append(newSecret());
    const made = mechanisms.flatMap((mechanism) =>
      Object.entries(users).map(async ([user, password]) => {
        const salt = this.#saltOf(mechanism, user, SALT_BYTES);
        const iterations = ITERATIONS_MIN;
        const salted = await saltedPassword(mechanism, { password, salt, iterations });
        const credential = scramCredential(mechanism, { salted, salt, iterations });
        this.#configured[mechanism].set(user, credential);
      }),
    );
    await Promise.all(made);
  }

  /** The names of all users that have a credential. */
  get names(): readonly string[] {
    const all = [this.#configured, this.#altered].flatMap((credentials) =>
      SCRAM_NAMES.flatMap((mechanism) => [...credentials[mechanism].keys()]),
    );
    return [...new Set(all)].toSorted();
  }

  credential(mechanism: ScramName, user: string): ScramCredential | undefined {
    return this.#configured[mechanism].get(user) ?? this.#altered[mechanism].get(user);
  }

  /**
   * As `credential`; for a user that does not exist one that looks like those of others, and that no password fits. It
   * is always the same but for its keys, which nobody sees.
   */
  credentialOrMock(mechanism: ScramName, user: string): ScramCredential {
    const { hashBytes } = SCRAM[mechanism];
    const keys = { storedKey: randomBytes(hashBytes), serverKey: randomBytes(hashBytes) };
    const [like] = [...this.#configured[mechanism].values(), ...this.#altered[mechanism].values()];
    const saltBytes = Math.min(like?.salt.byteLength ?? SALT_BYTES, hashBytes);
    const salt = this.#saltOf(mechanism, user, saltBytes);
    const mock = { ...keys, salt, iterations: like?.iterations ?? ITERATIONS_MIN };
    return this.credential(mechanism, user) ?? mock;
  }

  /** Whether the broker's options have the user: then they alone say what its password is. */
  isConfigured(user: string): boolean {
    return this.#configuredNames.has(user);
  }

  /**
   * Takes effect at once.
   *
   * @returns resolved when it is durable
   * @throws (rejects) JournalError
   */
  upsert(mechanism: ScramName, user: string, credential: ScramCredential): Promise<void> {
    return this.#append(upserted(mechanism, user, credential));
  }

  /** As `upsert`. */
  delete(mechanism: ScramName, user: string): Promise<void> {
    return this.#append({ kind: 'deleted', mechanism, user });
  }

  #append(change: ScramUserChange): Promise<void> {
    const durable = this.#journal.append(change);
    this.#apply(change);
    return durable;
  }

  #apply(change: ScramUserChange): void {
    switch (change.kind) {
      case 'secret':
        this.#secret = Buffer.from(change.secret, 'base64');
        break;
      case 'upserted':
        this.#altered[change.mechanism].set(change.user, {
          salt: Buffer.from(change.salt, 'base64'),
          iterations: change.iterations,
          storedKey: Buffer.from(change.storedKey, 'base64'),
          serverKey: Buffer.from(change.serverKey, 'base64'),
        });
        break;
      case 'deleted':
        this.#altered[change.mechanism].delete(change.user);
        break;
    }
  }

  *#snapshot(): Iterable<ScramUserChange> {
    if (this.#secret !== null) yield { kind: 'secret', secret: this.#secret.toString('base64') };
    for (const mechanism of SCRAM_NAMES) {
      for (const [user, credential] of this.#altered[mechanism]) {
        yield upserted(mechanism, user, credential);
      }
    }
  }

  #saltOf(mechanism: ScramName, user: string, saltBytes: number): Buffer {
    const secret = this.#secret;
    assert(secret !== null, 'The users are configured before the first client comes.');
    const hmac = createHmac(SCRAM[mechanism].hash, secret);
    return hmac.update(`${mechanism} ${user}`).digest().subarray(0, saltBytes);
  }
}

function noCredentials(): Credentials {
  return { 'SCRAM-SHA-256': new Map(), 'SCRAM-SHA-512': new Map() };
}

function newSecret(): ScramUserChange {
  return { kind: 'secret', secret: randomBytes(SECRET_BYTES).toString('base64') };
}

function upserted(
  mechanism: ScramName,
  user: string,
  { salt, iterations, storedKey, serverKey }: ScramCredential,
): ScramUserChange {
  return {
    kind: 'upserted',
    mechanism,
    user,
    salt: salt.toString('base64'),
    iterations,
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
  };
}
