import { open, type RootDatabase } from 'lmdb';
import { type Journal, JournalError } from '@chat-cluster/journal';
import { checkFolder } from './check-folder.ts';
import { openError } from './lmdb-errors.ts';
import { LmdbJournal } from './lmdb-journal.ts';
import { OpeningLock } from './opening-lock.ts';
import type { Table, Tables } from './tables.ts';

/** The version of the keys and values in the folder. A program reads its own version only. */
export const FORMAT_VERSION = 1;

/** 256 GiB of addresses, not of memory or of disk. */
const MAP_SIZE_BYTES_DEFAULT = 256 * 2 ** 30;

const FORMAT_KEY = Buffer.from('format version');

const BYTES = { encoding: 'binary', keyEncoding: 'binary' } as const;

export type LmdbJournalOptions = {
  /** The folder of the environment, made if it is missing. Several processes may open it at once. */
  readonly dir: string;
  /**
   * How much address space to map at first: 256 GiB by default. A file that becomes larger is
   * mapped anew.
   */
  readonly mapSizeBytes?: number;
};

/**
 * Opens the journal in a folder.
 *
 * Every write is one LMDB transaction, and is on the disk (fdatasync, then the page that makes it
 * valid) before its promise resolves; LMDB needs no recovery after a crash, of this process or of
 * the machine. Processes take turns at writing and never wait to read. While one opens or closes the
 * journal, the others' writes wait (opening-lock.ts).
 *
 * @throws JournalError 'in-use' if the folder cannot be opened, 'corrupt' if it is damaged,
 *   'wrong-version' if another version of this program wrote it
 */
export async function openLmdbJournal(options: LmdbJournalOptions): Promise<Journal> {
  const { dir, mapSizeBytes = MAP_SIZE_BYTES_DEFAULT } = options;
  try {
    await checkFolder(dir);
    const openingLock = new OpeningLock(dir);
    try {
      const tables = await openingLock.whileAlone(() => openTables(dir, mapSizeBytes));
      return new LmdbJournal(tables, openingLock);
    } catch (error) {
      openingLock.close();
      throw error;
    }
  } catch (error) {
    throw openError(dir, error);
  }
}

function openTables(dir: string, mapSizeBytes: number): Tables {
  const environment: RootDatabase<Uint8Array, Uint8Array> = open({
    path: dir,
    ...BYTES,
    // A name with a dot would else be taken for a file.
    noSubdir: false,
    mapSize: mapSizeBytes,
    // Otherwise a promise resolves before its transaction is on the disk.
    overlappingSync: false,
    // Otherwise a commit that fails leaves a rejected promise that nobody can handle.
    eventTurnBatching: false,
  });
  try {
    checkFormat(dir, environment);
    const table = (name: string): Table => environment.openDB({ name, ...BYTES });
    return {
      dir,
      environment,
      journal: table('journal'),
      snapshot: table('snapshot'),
      shard: table('shard'),
      partitionCount: table('partition_count'),
    };
  } catch (error) {
    void environment.close();
    throw error;
  }
}

/** A new folder gets this version; under the write lock, for another process may open it as well. */
function checkFormat(dir: string, environment: RootDatabase<Uint8Array, Uint8Array>): void {
  const found = environment.transactionSync(() => {
    const stored = environment.getBinary(FORMAT_KEY);
    if (stored) return stored.toString();
    void environment.put(FORMAT_KEY, Buffer.from(String(FORMAT_VERSION)));
    return String(FORMAT_VERSION);
  });
  if (found === String(FORMAT_VERSION)) return;
  throw new JournalError(
    'wrong-version',
    `The journal in ${dir} has format version ${found}, this program has ${FORMAT_VERSION}. ` +
      'Start the program that wrote it, or choose another folder.',
  );
}
