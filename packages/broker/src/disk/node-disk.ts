import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { DiskError, type Disk, type DiskFile } from './disk.ts';

/** Linux takes at most this many chunks in one writev (IOV_MAX). */
const CHUNKS_PER_WRITE_MAX = 1024;
/**
 * Writes up to this size are done at once instead of in libuv's thread pool: a copy into the page cache is cheaper
 * than the way to another thread and back (measured: 0.30 instead of 0.38 ms for a group commit of 72 kB).
 */
const IMMEDIATE_WRITE_BYTES_MAX = 128 * 1024;

const open = promisify(fs.open);
const close = promisify(fs.close);
const fdatasync = promisify(fs.fdatasync);
const ftruncate = promisify(fs.ftruncate);

/** The file system of the machine. */
export const nodeDisk: Disk = {
  async open(file) {
    return guarded(`open ${file}`, async () => new NodeFile(file, await openOrCreate(file)));
  },

  async readFile(file) {
    return guarded(`read ${file}`, () => orNull(fs.promises.readFile(file)));
  },

  async list(folder) {
    return guarded(`list ${folder}`, async () => (await orNull(fs.promises.readdir(folder))) ?? []);
  },

  async sizeBytes(file) {
    return guarded(
      `stat ${file}`,
      async () => (await orNull(fs.promises.stat(file)))?.size ?? null,
    );
  },

  async makeFolder(folder) {
    await guarded(`create ${folder}`, () => fs.promises.mkdir(folder, { recursive: true }));
  },

  async rename(from, to) {
    await guarded(`rename ${from} to ${to}`, () => fs.promises.rename(from, to));
  },

  async remove(file) {
    await guarded(`remove ${file}`, () => fs.promises.rm(file, { recursive: true, force: true }));
  },

  async syncFolder(folder) {
    await guarded(`sync ${folder}`, async () => {
      const handle = await fs.promises.open(folder, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    });
  },
};

class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(file: string, descriptor: number) {
    this.#path = file;
    this.#descriptor = descriptor;
  }

  read(buffer: Buffer, position: number): Promise<number> {
    return guarded(`read ${this.#path}`, async () => {
      let filledBytes = 0;
      while (filledBytes < buffer.byteLength) {
        const readBytes = await this.#readSome(
          buffer.subarray(filledBytes),
          position + filledBytes,
        );
        if (readBytes === 0) break;
        filledBytes += readBytes;
      }
      return filledBytes;
    });
  }

  write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return guarded(`write ${this.#path}`, async () => {
      let at = position;
      let rest = chunks;
      while (rest.length > 0) {
        const some = rest.slice(0, CHUNKS_PER_WRITE_MAX);
        const writtenBytes = await this.#writeSome(some, at);
        at += writtenBytes;
        rest = withoutFirst(rest, writtenBytes);
      }
    });
  }

  async sync(): Promise<void> {
    await guarded(`sync ${this.#path}`, () => fdatasync(this.#descriptor));
  }

  async truncate(sizeBytes: number): Promise<void> {
    await guarded(`truncate ${this.#path}`, () => ftruncate(this.#descriptor, sizeBytes));
  }

  async close(): Promise<void> {
    await guarded(`close ${this.#path}`, () => close(this.#descriptor));
  }

  #readSome(buffer: Buffer, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#descriptor, buffer, 0, buffer.byteLength, position, (error, readBytes) =>
        error === null ? resolve(readBytes) : reject(error),
      );
    });
  }

  #writeSome(chunks: readonly Uint8Array[], position: number): number | Promise<number> {
    if (totalBytes(chunks) <= IMMEDIATE_WRITE_BYTES_MAX) {
      return fs.writevSync(this.#descriptor, chunks, position);
    }
    return new Promise((resolve, reject) => {
      fs.writev(this.#descriptor, chunks, position, (error, writtenBytes) =>
        error === null ? resolve(writtenBytes) : reject(error),
      );
    });
  }
}

async function openOrCreate(file: string): Promise<number> {
  await fs.promises.mkdir(path.dirname(file), { recursive: true });
  return open(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
}

function totalBytes(chunks: readonly Uint8Array[]): number {
  let sizeBytes = 0;
  for (const chunk of chunks) sizeBytes += chunk.byteLength;
  return sizeBytes;
}

/** What is left of `chunks` after their first `bytes` bytes. */
function withoutFirst(chunks: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes;
  for (const [index, chunk] of chunks.entries()) {
    if (left < chunk.byteLength) return [chunk.subarray(left), ...chunks.slice(index + 1)];
    left -= chunk.byteLength;
  }
  return [];
}

async function guarded<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (cause) {
    const code = errnoOf(cause);
    const isFull = code === 'ENOSPC' || code === 'EDQUOT';
    throw new DiskError(
      isFull ? 'no-space' : 'failed',
      `cannot ${what}: ${isFull ? 'the disk is full' : (code ?? String(cause))}`,
      { cause },
    );
  }
}

async function orNull<Value>(work: Promise<Value>): Promise<Value | null> {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
