import * as fs from 'node:fs';
import * as path from 'node:path';
import { BrokerStartError } from '../broker-start-error.ts';

/**
 * The layout of everything in the folder. A broker reads this version and older ones, never newer ones. In version 2 groups
 * of the log say which were synced before them, and the cleaner may have written segments anew.
 */
const FORMAT_VERSION = 2;

const FORMAT_FILE = 'format.json';
const LOCK_FILE = 'lock';

export type DataFolder = {
  readonly path: string;
  readonly clusterId: string;
  /** Lets another process use the folder. */
  release(): void;
};

type Format = { readonly formatVersion: number; readonly clusterId: string };

/** Who holds a lock. The start time tells a process from a later one with the same number; null where unknown. */
type LockHolder = { readonly pid: number; readonly startTime: string | null };

/**
 * Claims a data folder for this process, and creates it when there is none.
 *
 * @throws BrokerStartError FOLDER_IN_USE, FOLDER_UNREADABLE or FORMAT_TOO_NEW
 */
export function claimDataFolder(folder: string, newClusterId: () => string): DataFolder {
  try {
    fs.mkdirSync(folder, { recursive: true });
    lock(folder);
  } catch (error) {
    throw error instanceof BrokerStartError ? error : unreadable(folder, error);
  }
  const release = (): void => fs.rmSync(path.join(folder, LOCK_FILE), { force: true });
  try {
    const found = readFormat(folder);
    const clusterId = found?.clusterId ?? newClusterId();
    // An older version is read as it is; what is written from now on is of this one.
    if (found?.formatVersion !== FORMAT_VERSION) writeFormat(folder, clusterId);
    return { path: folder, clusterId, release };
  } catch (error) {
    release();
    throw error instanceof BrokerStartError ? error : unreadable(folder, error);
  }
}

function lock(folder: string): void {
  const file = path.join(folder, LOCK_FILE);
  const contents = JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) });
  // The second attempt follows the removal of a stale lock.
  for (let attempt = 1; ; attempt++) {
    try {
      fs.writeFileSync(file, contents, { flag: 'wx' });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = readLock(file);
    if (attempt > 1 || (holder !== null && isAlive(holder))) {
      throw new BrokerStartError(
        'FOLDER_IN_USE',
        `The data folder ${folder} is in use by process ${holder?.pid ?? '(unknown)'}; ` +
          'stop that process, or choose another data folder.',
      );
    }
    fs.rmSync(file, { force: true });
  }
}

/** Null for a lock that a crash cut short. */
function readLock(file: string): LockHolder | null {
  try {
    const holder: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (typeof holder !== 'object' || holder === null || !('pid' in holder)) return null;
    const startTime =
      'startTime' in holder && typeof holder.startTime === 'string' ? holder.startTime : null;
    return typeof holder.pid === 'number' ? { pid: holder.pid, startTime } : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, startTime }: LockHolder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const known = factsOf(pid);
  if (known?.isOver === true) return false;
  return startTime === null || startTime === known?.startTime;
}

function startTimeOf(pid: number): string | null {
  return factsOf(pid)?.startTime ?? null;
}

/**
 * When a process started, in the kernel's clock ticks since boot, and whether nothing of it runs any more: it has its number until its parent has
 * asked how it ended. Null where /proc does not tell.
 */
function factsOf(
  pid: number,
): { readonly startTime: string | null; readonly isOver: boolean } | null {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Behind the command in parentheses: the state is the third field, the start time the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const isOver = fields[0] === 'Z' && fs.readdirSync(`/proc/${pid}/task`).length === 1;
    return { startTime: fields[19] ?? null, isOver };
  } catch {
    return null;
  }
}

function readFormat(folder: string): Format | null {
  const file = path.join(folder, FORMAT_FILE);
  if (!fs.existsSync(file)) return null;
  const format: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (!isFormat(format)) throw new Error(`${file} is not what a broker writes`);
  if (format.formatVersion > FORMAT_VERSION) {
    throw new BrokerStartError(
      'FORMAT_TOO_NEW',
      `The data folder ${folder} has format version ${format.formatVersion} and this program reads up to ` +
        `${FORMAT_VERSION}; use a newer version of the program, or another data folder.`,
    );
  }
  return format;
}

function isFormat(value: unknown): value is Format {
  return (
    typeof value === 'object' &&
    value !== null &&
    'formatVersion' in value &&
    typeof value.formatVersion === 'number' &&
    'clusterId' in value &&
    typeof value.clusterId === 'string'
  );
}

function writeFormat(folder: string, clusterId: string): void {
  const format: Format = { formatVersion: FORMAT_VERSION, clusterId };
  const file = path.join(folder, FORMAT_FILE);
  fs.writeFileSync(`${file}.new`, JSON.stringify(format), { flush: true });
  fs.renameSync(`${file}.new`, file);
  for (const changed of [folder, path.dirname(folder)]) syncFolder(changed);
}

/** Makes the names in a folder durable. */
function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

function unreadable(folder: string, cause: unknown): BrokerStartError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new BrokerStartError(
    'FOLDER_UNREADABLE',
    `The data folder ${folder} cannot be used: ${reason}. Check its permissions, or choose another.`,
    { cause },
  );
}
