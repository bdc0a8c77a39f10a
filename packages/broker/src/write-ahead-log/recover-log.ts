import type { Disk } from '../disk/disk.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import { GROUP_ALIGN_BYTES, groupSequenceAt, readGroup, type ReadEntry } from './commit-group.ts';
import {
  decodeFileHeader,
  FILE_HEADER_BYTES,
  listLogFiles,
  logFilePath,
  type LogFileHeader,
} from './log-file.ts';

/** What an earlier run left in the write-ahead log. */
export type RecoveredLog = {
  /** The entries of all durable groups from the checkpoint on, oldest first. */
  readonly entries: readonly ReadEntry[];
  /** The sequence number of the first group that the next run writes. */
  readonly nextSequence: number;
  /** The files that hold these entries, oldest first. */
  readonly files: readonly { number: number; firstSequence: number; sizeBytes: number }[];
  /** Files that hold nothing that is needed. */
  readonly spareNumbers: readonly number[];
};

/**
 * Reads the write-ahead log from the group `fromSequence` on, which is what the checkpoint asks for.
 *
 * The log ends before the first group that is not whole, if nothing after it is: that group was never acknowledged,
 * because a group is written only when the one before it is durable. An entry that is not what was written, in a group
 * with a durable one after it, was durable and is damaged; it is reported in its entry. A damaged group that cannot be
 * told apart into entries throws.
 *
 * @throws DamagedLog when groups that were durable are missing or unreadable. Nothing is ever changed or deleted.
 */
export async function recoverLog(
  disk: Disk,
  { folder, fromSequence }: { folder: string; fromSequence: number },
): Promise<RecoveredLog> {
  const { headers, spareNumbers } = await readHeaders(disk, folder);
  const needed = headers.filter((_, index) => {
    const next = headers[index + 1];
    return next === undefined || next.firstSequence > fromSequence;
  });
  const unneeded = headers.slice(0, headers.length - needed.length).map(({ number }) => number);
  const first = needed[0];
  if (first !== undefined && first.firstSequence > fromSequence) {
    throw missingGroups(folder, { from: fromSequence, to: first.firstSequence });
  }
  const entries: ReadEntry[] = [];
  const files = [];
  let sequence = fromSequence;
  for (const [index, header] of needed.entries()) {
    const file = await readLogFile(disk, {
      path: logFilePath(folder, header.number),
      header,
      next: needed[index + 1] ?? null,
      fromSequence,
    });
    for (const entry of file.entries) entries.push(entry);
    files.push({ ...header, sizeBytes: file.sizeBytes });
    sequence = Math.max(sequence, file.endSequence);
  }
  return { entries, nextSequence: sequence, files, spareNumbers: [...spareNumbers, ...unneeded] };
}

async function readHeaders(
  disk: Disk,
  folder: string,
): Promise<{ headers: LogFileHeader[]; spareNumbers: number[] }> {
  const headers: LogFileHeader[] = [];
  const spareNumbers: number[] = [];
  for (const number of await listLogFiles(disk, folder)) {
    const file = await disk.open(logFilePath(folder, number));
    const block = Buffer.alloc(FILE_HEADER_BYTES);
    await file.read(block, 0);
    await file.close();
    const header = decodeFileHeader(block, number);
    if (header === null) spareNumbers.push(number);
    else headers.push(header);
  }
  return { headers, spareNumbers };
}

async function readLogFile(
  disk: Disk,
  {
    path,
    header,
    next,
    fromSequence,
  }: { path: string; header: LogFileHeader; next: LogFileHeader | null; fromSequence: number },
): Promise<{ entries: ReadEntry[]; endSequence: number; sizeBytes: number }> {
  const bytes = (await disk.readFile(path)) ?? Buffer.alloc(0);
  const entries: ReadEntry[] = [];
  let sequence = header.firstSequence;
  let at = FILE_HEADER_BYTES;
  const sequenceEnd = next?.firstSequence ?? Infinity;
  while (sequence < sequenceEnd) {
    const group = readGroup(bytes, at);
    if (group === null || group.sequence !== sequence) break;
    const isWhole = group.entries.every((entry) => entry.isIntact);
    // Only the very last group can have been cut off while it was written.
    if (!isWhole && !isFollowed(bytes, { at, sequence, next })) break;
    if (sequence >= fromSequence) for (const entry of group.entries) entries.push(entry);
    sequence++;
    at += group.sizeBytes;
  }
  requireEnd(bytes, { path, at, sequence, next });
  // What a killed process wrote is in the cache of the operating system: it must be durable before anybody reads it.
  await syncFile(disk, path);
  return { entries, endSequence: sequence, sizeBytes: at };
}

/** Whether a group after the one at `at` was written, which proves that this one was durable. */
function isFollowed(
  bytes: Buffer,
  { at, sequence, next }: { at: number; sequence: number; next: LogFileHeader | null },
): boolean {
  if (next !== null && next.firstSequence > sequence) return true;
  return findGroupAfter(bytes, { at, sequence }) !== null;
}

/** Fails unless the groups of a file end where they should: no durable group may be behind `at`. */
function requireEnd(
  bytes: Buffer,
  {
    path,
    at,
    sequence,
    next,
  }: { path: string; at: number; sequence: number; next: LogFileHeader | null },
): void {
  const laterSequence =
    next?.firstSequence ?? findGroupAfter(bytes, { at, sequence: sequence - 1 });
  const endsWhereNextBegins = next !== null && laterSequence === sequence;
  if (laterSequence === null || endsWhereNextBegins) return;
  throw new DamagedLog(
    `${path} is damaged at byte ${at}: group ${sequence} is unreadable although group ` +
      `${laterSequence} was written after it; restore the data folder from a backup`,
  );
}

function findGroupAfter(
  bytes: Buffer,
  { at, sequence }: { at: number; sequence: number },
): number | null {
  for (let later = at + GROUP_ALIGN_BYTES; later < bytes.byteLength; later += GROUP_ALIGN_BYTES) {
    const found = groupSequenceAt(bytes, later);
    if (found !== null && found > sequence) return found;
  }
  return null;
}

async function syncFile(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path);
  await file.sync();
  await file.close();
}

function missingGroups(folder: string, { from, to }: { from: number; to: number }): DamagedLog {
  return new DamagedLog(
    `${folder} lacks the groups ${from} to ${to - 1}, which the checkpoint needs; ` +
      'restore the data folder from a backup',
  );
}
