/**
 * What the broker asks of a file system. `NodeDisk` is the real one; tests run on a simulated one that loses what was
 * not synced, fills up, or fails.
 *
 * Durable is: the bytes of a file after `sync`; that a file exists under its name after `syncFolder` of its folder.
 * Every method rejects with a `DiskError`.
 */
export interface Disk {
  /** Opens for reading and writing; creates an empty file if there is none. */
  open(path: string): Promise<DiskFile>;
  /** Null when there is no such file. */
  readFile(path: string): Promise<Buffer | null>;
  /** The names in a folder; empty when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** Null when there is no such file. */
  sizeBytes(path: string): Promise<number | null>;
  /** Creates the folder and those above it. */
  makeFolder(folder: string): Promise<void>;
  /** Replaces a file at `to`, in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all that is in it; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  syncFolder(folder: string): Promise<void>;
}

export interface DiskFile {
  /** Fills `buffer` from `position` on; fewer bytes than it holds only at the end of the file. */
  read(buffer: Buffer, position: number): Promise<number>;
  /** Writes the chunks one after the other from `position` on. They must not change until it resolves. */
  write(chunks: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes the file's bytes durable (fdatasync). */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Why a file operation failed.
 * - `no-space`: the disk or a quota is full. Worth trying again when there is room.
 * - `failed`: anything else. After a failed write or sync the state of the file's cache is unknown (Linux marks pages
 *   clean after a write-back error), so the same file must not be trusted again in this run.
 */
export type DiskErrorCode = 'no-space' | 'failed';

export class DiskError extends Error {
  override readonly name = 'DiskError';
  readonly code: DiskErrorCode;

  constructor(code: DiskErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Writes a small file so that a crash leaves the old or the new contents, never a mixture. */
export async function replaceFile(
  disk: Disk,
  { folder, name, contents }: { folder: string; name: string; contents: Uint8Array },
): Promise<void> {
  const path = `${folder}/${name}`;
  await disk.remove(`${path}.new`);
  const file = await disk.open(`${path}.new`);
  try {
    await file.write([contents], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${path}.new`, path);
  await disk.syncFolder(folder);
}
