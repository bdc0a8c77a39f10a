import type { Disk } from '../disk/disk.ts';
import { DamagedLog } from '../segments/damaged-log.ts';
import { GROUP_ALIGN_BYTES, groupNumbersAt, readGroup, type ReadEntry } from './commit-group.ts';
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
 * Each group says which groups before it were durable when it was written, and a file is durable before the next one
 * is begun. The log ends before the first group that is not whole, if nothing proves that it was durable: it is lost, and
 * what is behind it, too. An entry that is not what was written, in a group that was durable, is damaged; it is
 * reported in its entry. A damaged group that cannot be told apart into entries throws.
 *
 * @throws DamagedLog when groups that were durable are missing or unreadable. Nothing that was is ever changed or deleted.
 */
export async function recoverLog(
  disk: Disk,
  { folder, fromSequence }: { folder: string; fromSequence: number },
): Promise<RecoveredLog> {
  const headers = await readHeaders(disk, folder);
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
  return { entries, nextSequence: sequence, files, spareNumbers: unneeded };
}

/** Removes the files without a header. They are not used again: groups that a loss of power cut off may be in them, with the numbers of those to come. */
async function readHeaders(disk: Disk, folder: string): Promise<LogFileHeader[]> {
  const headers: LogFileHeader[] = [];
  for (const number of await listLogFiles(disk, folder)) {
    const path = logFilePath(folder, number);
    const file = await disk.open(path);
    const block = Buffer.alloc(FILE_HEADER_BYTES);
    await file.read(block, 0);
    await file.close();
    const header = decodeFileHeader(block, number);
    if (header === null) await disk.remove(path);
    else headers.push(header);
  }
  return headers;
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
    if (!isWhole && durableBefore(bytes, { at, sequence, next }) <= sequence) break;
    if (sequence >= fromSequence) for (const entry of group.entries) entries.push(entry);
    sequence++;
    at += group.sizeBytes;
  }
  requireEnd(bytes, { path, at, sequence, next });
  // What a killed process wrote is in the cache of the operating system: it must be durable before anybody reads it.
  await syncFile(disk, path);
  return { entries, endSequence: sequence, sizeBytes: at };
}

/** Fails unless the groups of a file end where they may: no group that was durable may be missing at `at`. */
function requireEnd(
  bytes: Buffer,
  end: { path: string; at: number; sequence: number; next: LogFileHeader | null },
): void {
  const { at, path, sequence } = end;
  const before = durableBefore(bytes, end);
  if (before <= sequence) return;
  throw new DamagedLog(
    `${path} is damaged at byte ${at}: group ${sequence} is unreadable although it was durable, as all ` +
      `groups before ${before} were; restore the data folder from a backup`,
  );
}

/** All groups below this are known to have been durable, by the next file or by what groups behind `at` say that are later than `sequence`. */
function durableBefore(
  bytes: Buffer,
  { at, sequence, next }: { at: number; sequence: number; next: LogFileHeader | null },
): number {
  if (next !== null) return next.firstSequence;
  let before = 0;
  for (let later = at + GROUP_ALIGN_BYTES; later < bytes.byteLength; later += GROUP_ALIGN_BYTES) {
    const found = groupNumbersAt(bytes, later);
    if (found !== null && found.sequence > sequence) before = Math.max(before, found.syncedBefore);
  }
  return before;
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
