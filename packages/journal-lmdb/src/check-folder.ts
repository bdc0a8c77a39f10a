import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { JournalError } from '@chat-cluster/journal';

/** A page's header stands in front of the magic number of the first page. */
const MAGIC_OFFSET_BYTES = 24;

/** 0xBEEFC0DE, little-endian. */
const MAGIC = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);

/**
 * Makes the folder if it is missing, and looks at what is in it before LMDB does: a file that LMDB
 * cannot use brings the whole process down.
 *
 * @throws JournalError 'corrupt' if the data file is not one of LMDB's; the operating system's error
 *   if the folder or a file in it cannot be read and written
 */
export async function checkFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await access(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  await withFile(join(dir, 'lock.mdb'), async () => {});
  await withFile(join(dir, 'data.mdb'), async (file) => {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), {
      position: MAGIC_OFFSET_BYTES,
    });
    const { size } = await file.stat();
    // An empty file is what a process leaves that was killed while it made the folder.
    if (size === 0 || (bytesRead === MAGIC.length && buffer.equals(MAGIC))) return;
    throw new JournalError(
      'corrupt',
      `${join(dir, 'data.mdb')} is not a file of LMDB. ` +
        'Restore the folder from a backup, or choose another folder.',
    );
  });
}

/** Opens the file to read and write; does nothing if there is none. */
async function withFile(path: string, look: (file: FileHandle) => Promise<void>): Promise<void> {
  let file: FileHandle;
  try {
    file = await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    await look(file);
  } finally {
    await file.close();
  }
}
