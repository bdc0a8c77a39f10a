import { assert } from '@chat-cluster/kernel';
import type { DurableLog } from './durable-log.ts';
import { JournalError } from './journal-error.ts';

/**
 * The owner of one part of the broker's state (topics, groups, transactions, …) as the journal sees
 * it. A `Change` is plain JSON, and absolute: applied over a state that has it already, it changes
 * nothing.
 */
export type StateSection<Change> = {
  /** Stands before each of its records; never renamed. */
  readonly name: string;
  /** Applies a change of an earlier run. Called in the order of the appends, before `open` resolves. */
  replay(change: Change): void;
  /** Changes that lead from nothing to the state as it is now, all changes appended so far included. */
  snapshot(): Iterable<Change>;
};

/** What a section writes with. */
export type SectionJournal<Change> = {
  /**
   * Appends the change in the turn in which it is made to the state, so that a snapshot at any
   * moment holds exactly what was appended. Changes become durable in the order of the appends, over
   * all sections.
   *
   * @returns resolved when the change is durable; answer clients only then
   */
  append(change: Change): Promise<void>;
  /**
   * Appends a change that nobody waits for, and that must only not be overtaken: it becomes durable
   * with the next one of any section, or with `StateJournal.durable`.
   */
  appendLazily(change: Change): void;
};

/**
 * The broker's own state, kept in one durable log: topics, configs, groups with offsets, blocks of
 * producer ids, transactions. One log gives all of them one order, which is what makes "offsets and
 * the transaction's decision" a single record.
 *
 * The state in memory is ahead of the disk by what is being written. Who answers from it with
 * something that must not be taken back waits for `durable()` first.
 */
export interface StateJournal {
  /** As `DurableLog.precedesPartitions`. */
  readonly precedesPartitions: boolean;
  /** As `DurableLog.isFull`. */
  readonly isFull: boolean;
  /** Registers the owner of a part. Before `open`, once per name. */
  section<Change>(section: StateSection<Change>): SectionJournal<Change>;
  /** Replays every section's changes. Before the first append. */
  open(): Promise<void>;
  /** Resolved when everything appended before the call is durable. */
  durable(): Promise<void>;
  /** Writes what is pending and closes the log. Idempotent. */
  close(): Promise<void>;
}

/** Under this a log is not worth replacing: it is replayed in well under half a second. */
const SNAPSHOT_BYTES_MIN = 16 * 1024 * 1024;

/** The next snapshot is due when the log is this many times as large as the last one. */
const SNAPSHOT_GROWTH = 2;

type OpenSection = {
  readonly replay: (change: unknown) => void;
  readonly snapshot: () => Iterable<unknown>;
};

/**
 * The journal over a durable log. A record is the JSON text `["section", change]`.
 *
 * @param options `snapshotBytesMin`: see SNAPSHOT_BYTES_MIN, the default
 */
export function createStateJournal(
  log: DurableLog,
  { snapshotBytesMin = SNAPSHOT_BYTES_MIN }: { snapshotBytesMin?: number } = {},
): StateJournal {
  return new LoggedStateJournal(log, snapshotBytesMin);
}

class LoggedStateJournal implements StateJournal {
  readonly #log: DurableLog;
  readonly #sections = new Map<string, OpenSection>();
  readonly #snapshotBytesMin: number;
  #snapshotDueBytes: number;
  #phase: 'registering' | 'open' | 'closed' = 'registering';
  #isReplacing = false;

  constructor(log: DurableLog, snapshotBytesMin: number) {
    this.#log = log;
    this.#snapshotBytesMin = snapshotBytesMin;
    this.#snapshotDueBytes = snapshotBytesMin;
  }

  get precedesPartitions(): boolean {
    return this.#log.precedesPartitions;
  }

  get isFull(): boolean {
    return this.#log.isFull;
  }

  section<Change>(section: StateSection<Change>): SectionJournal<Change> {
    assert(this.#phase === 'registering', 'Sections are registered before the journal is opened.');
    assert(!this.#sections.has(section.name), 'A section is registered once.');
    this.#sections.set(section.name, {
      // The journal reads back only what this section appended.
      replay: (change) => section.replay(change as Change),
      snapshot: () => section.snapshot(),
    });
    return {
      append: (change) => this.#append(section.name, change),
      appendLazily: (change) => this.#appendLazily(section.name, change),
    };
  }

  async open(): Promise<void> {
    assert(this.#phase === 'registering', 'A journal is opened once.');
    await this.#log.replay((bytes) => this.#replayRecord(bytes));
    this.#phase = 'open';
  }

  durable(): Promise<void> {
    return this.#log.durable();
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    await this.#log.close();
  }

  #append(name: string, change: unknown): Promise<void> {
    assert(this.#phase !== 'registering', 'Changes are appended to an open journal.');
    if (this.#phase === 'closed') return Promise.reject(journalClosed());
    const durable = this.#log.append(encodeRecord(name, change));
    durable.catch(() => {}); // not every append is waited for, and a failed log fails the next
    this.#replaceGrownLog();
    return durable;
  }

  #appendLazily(name: string, change: unknown): void {
    assert(this.#phase !== 'registering', 'Changes are appended to an open journal.');
    if (this.#phase === 'closed') return;
    this.#log.appendLazily(encodeRecord(name, change));
    this.#replaceGrownLog();
  }

  /**
   * The snapshot holds what the last append wrote, because its owner has made that change to the
   * state already, or makes it in this very turn: then the change is in the log's new part as well,
   * or it is lost. So the snapshot is taken in a turn of its own.
   */
  #replaceGrownLog(): void {
    if (this.#log.sizeBytes < this.#snapshotDueBytes || this.#isReplacing) return;
    this.#isReplacing = true;
    queueMicrotask(() => {
      const records = this.#snapshotRecords();
      let sizeBytes = 0;
      for (const record of records) sizeBytes += record.byteLength;
      this.#snapshotDueBytes = Math.max(this.#snapshotBytesMin, sizeBytes * SNAPSHOT_GROWTH);
      const replaced = this.#log.replaceWith(records);
      // A failure to replace leaves the old log as it was; a log that failed also fails the next append.
      void replaced.catch(() => {}).finally(() => (this.#isReplacing = false));
    });
  }

  #snapshotRecords(): Uint8Array[] {
    const records: Uint8Array[] = [];
    for (const [name, section] of this.#sections) {
      for (const change of section.snapshot()) records.push(encodeRecord(name, change));
    }
    return records;
  }

  #replayRecord(bytes: Uint8Array): void {
    const { name, change } = decodeRecord(bytes);
    const section = this.#sections.get(name);
    assert(section, 'Every section of the journal has an owner that replays it.');
    section.replay(change);
  }
}

function journalClosed(): JournalError {
  return new JournalError('closed', 'The broker is stopping: try again when it is back.');
}

function encodeRecord(name: string, change: unknown): Uint8Array {
  return Buffer.from(JSON.stringify([name, change]));
}

function decodeRecord(bytes: Uint8Array): { name: string; change: unknown } {
  const record: unknown = JSON.parse(Buffer.from(bytes).toString());
  assert(
    Array.isArray(record) && record.length === 2 && typeof record[0] === 'string',
    'A record of the state journal is a section and a change.',
  );
  return { name: record[0], change: record[1] };
}
