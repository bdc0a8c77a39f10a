import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { JournalError } from '@chat-cluster/journal';
import { assert, deferred, type Deferred } from '@chat-cluster/kernel';

/** Lies beside LMDB's own files; always empty. */
const LOCK_FILE = 'opening-lock.sqlite';

/** Writes that one hold serves: then it is given back once, so that an opening never waits for long. */
const WRITES_PER_HOLD_MAX = 32;

/** A writer looks again this often while somebody opens, which takes some milliseconds. */
const SHARE_POLL_MS = 2;

/** How long one attempt to be alone blocks this thread; meanwhile no other process begins a write. */
const ALONE_ATTEMPT_MS = 50;
const ALONE_POLL_MS = 5;

/** Longer than any write. */
const ALONE_GIVE_UP_MS = 10_000;

/** SQLite's code, in the lowest byte, for a lock that somebody else holds. */
const SQLITE_BUSY = 5;

/**
 * Keeps processes from opening or closing an environment of LMDB while another one writes to it.
 *
 * Whoever opens an environment reads the number of the last transaction from the data file, and then
 * puts it into the lock file that all processes share (LMDB 1.0, `mdb_env_open2`). What another
 * process commits between these two steps is overwritten by the next transaction: acknowledged, and
 * gone. So writers share this lock, and who opens or closes has it alone.
 *
 * Node has no locks between processes. SQLite's are taken, on an empty database: the operating system
 * drops them when their process dies, however it dies.
 */
export class OpeningLock {
  readonly #dir: string;
  readonly #database: DatabaseSync;
  #writesRunning = 0;
  #writesOfHold = 0;
  #state: 'open' | 'alone' | 'closed' = 'open';
  /** Resolves when the present hold is given back. */
  #givenBack: Deferred<void> | undefined;

  /** @throws the operating system's or SQLite's error if the file cannot be used */
  constructor(dir: string) {
    this.#dir = dir;
    this.#database = new DatabaseSync(join(dir, LOCK_FILE));
  }

  /**
   * Does some writing while nobody opens or closes the environment.
   *
   * @throws JournalError 'closed'
   */
  async whileShared<T>(write: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await write();
    } finally {
      this.#leave();
    }
  }

  /**
   * Opens or closes the environment while nobody writes.
   *
   * @throws JournalError 'in-use' when a process does not end its write for ten seconds
   */
  async whileAlone<T>(work: () => Promise<T> | T): Promise<T> {
    const endMs = performance.now() + ALONE_GIVE_UP_MS;
    while (this.#writesRunning > 0 || !this.#try('BEGIN EXCLUSIVE', ALONE_ATTEMPT_MS)) {
      if (performance.now() > endMs) throw this.#stuck();
      await setTimeout(ALONE_POLL_MS);
    }
    this.#state = 'alone';
    try {
      return await work();
    } finally {
      this.#state = 'open';
      this.#database.exec('ROLLBACK');
    }
  }

  /** Lets go of the file. */
  close(): void {
    this.#state = 'closed';
    this.#database.close();
  }

  async #enter(): Promise<void> {
    for (;;) {
      if (this.#state === 'closed') throw new JournalError('closed', 'This journal was closed.');
      if (this.#writesRunning === 0 && this.#share()) {
        this.#givenBack = deferred();
        this.#writesOfHold = 0;
      } else if (this.#writesRunning === 0) {
        await setTimeout(SHARE_POLL_MS);
        continue;
      } else if (this.#writesOfHold >= WRITES_PER_HOLD_MAX) {
        await this.#givenBack?.promise;
        continue;
      }
      this.#writesRunning += 1;
      this.#writesOfHold += 1;
      return;
    }
  }

  #leave(): void {
    assert(this.#writesRunning > 0, 'A write ends once.');
    this.#writesRunning -= 1;
    if (this.#writesRunning > 0) return;
    this.#database.exec('COMMIT');
    this.#givenBack?.resolve();
  }

  /** A transaction that has read something holds the shared lock until it ends. */
  #share(): boolean {
    return this.#state === 'open' && this.#try('BEGIN; SELECT * FROM sqlite_schema', 0);
  }

  /** False when somebody else holds the lock. */
  #try(statements: string, waitMs: number): boolean {
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${waitMs}; ${statements}`);
      return true;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      const { errcode } = error as { readonly errcode?: number };
      if (errcode === undefined || (errcode & 0xff) !== SQLITE_BUSY) throw error;
      return false;
    }
  }

  #stuck(): JournalError {
    return new JournalError(
      'in-use',
      `Another process has been writing to the journal in ${this.#dir} for ` +
        `${ALONE_GIVE_UP_MS / 1_000} s without an end. Stop it, or let it go on if it is paused.`,
    );
  }
}
