import type { Disk, DiskFile } from '../disk/disk.ts';
import { crc32c } from '../wire/crc32c.ts';
import { GROUP_ALIGN_BYTES } from './commit-group.ts';

/** The first block of a file of the write-ahead log is its header; groups follow. */
export const FILE_HEADER_BYTES = GROUP_ALIGN_BYTES;

const MAGIC = 0x43_43_57_46; // "CCWF"
const HEADER_FIELDS_BYTES = 24;

/** What the first block of a file says. */
export type LogFileHeader = {
  /** Files are numbered in the order of their use, without gaps in the order, and named by it. */
  readonly number: number;
  /** The sequence number of the first group in the file. */
  readonly firstSequence: number;
};

/**
 *     header = magic:uint32 crc:uint32 number:float64 firstSequence:float64, zeros up to FILE_HEADER_BYTES
 *
 * The crc covers number and firstSequence.
 */
function encodeFileHeader({ number, firstSequence }: LogFileHeader): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeDoubleBE(number, 8);
  bytes.writeDoubleBE(firstSequence, 16);
  bytes.writeUInt32BE(crc32c(bytes, 8, HEADER_FIELDS_BYTES), 4);
  return bytes;
}

/** Null for a file that was never used, or renamed to be used again and not written yet. */
export function decodeFileHeader(bytes: Buffer, number: number): LogFileHeader | null {
  if (bytes.byteLength < FILE_HEADER_BYTES || bytes.readUInt32BE(0) !== MAGIC) return null;
  if (bytes.readUInt32BE(4) !== crc32c(bytes, 8, HEADER_FIELDS_BYTES)) return null;
  if (bytes.readDoubleBE(8) !== number) return null;
  return { number, firstSequence: bytes.readDoubleBE(16) };
}

export function logFilePath(folder: string, number: number): string {
  return `${folder}/${String(number).padStart(10, '0')}.wal`;
}

/** The numbers of the files in the folder, ascending. */
export async function listLogFiles(disk: Disk, folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const name of await disk.list(folder)) {
    const match = /^(\d{10})\.wal$/.exec(name);
    if (match !== null) numbers.push(Number(match[1]));
  }
  return numbers.sort((a, b) => a - b);
}

/**
 * Starts the next file: takes an old one that nothing needs any more, if there is one, because overwriting blocks
 * that a file already has makes a sync about half as dear as growing a file.
 */
export async function startLogFile(
  disk: Disk,
  options: { folder: string; header: LogFileHeader; recycledNumber: number | null },
): Promise<DiskFile> {
  const { folder, header, recycledNumber } = options;
  const path = logFilePath(folder, header.number);
  if (recycledNumber !== null) await disk.rename(logFilePath(folder, recycledNumber), path);
  const file = await disk.open(path);
  try {
    await file.write([encodeFileHeader(header)], 0);
    await disk.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}
