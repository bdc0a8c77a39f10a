import type { Random } from '@chat-cluster/kernel';
import { DiskError, type Disk, type DiskFile } from './disk.ts';

type SimulatedFile = {
  /** What a reader sees now. */
  contents: Buffer;
  /** What survives a power loss for sure. */
  synced: Buffer;
  /** Writes since the last sync, each of which a power loss keeps or loses on its own. */
  unsynced: { readonly position: number; readonly bytes: Buffer }[];
};

/** The folder that is always there. */
const ROOT = '/data';

/**
 * A disk in memory for tests, with the faults that real ones have: `loseUnsynced` is a power loss, `fullAtBytes` a
 * full disk, `failing` decides which operations break.
 *
 * After a power loss each write that was not synced is, at random, there, missing, or there in part. Renames and new
 * names are taken back unless their folder was synced.
 */
export class SimulatedDisk implements Disk {
  /** When set, called before each operation; answering an error makes it fail with that error. */
  failing: ((operation: string, path: string) => DiskError | null) | null = null;
  /** The disk is full when all files together would be larger. */
  fullAtBytes = Infinity;

  #names = new Map<string, SimulatedFile>();
  #syncedNames = new Map<string, SimulatedFile>();
  readonly #folders = new Set<string>();
  /** Folders whose own names survive a power loss. */
  #syncedFolders = new Set<string>([ROOT]);

  async open(path: string): Promise<DiskFile> {
    await this.#before('open', path);
    let file = this.#names.get(path);
    if (file === undefined) {
      file = { contents: Buffer.alloc(0), synced: Buffer.alloc(0), unsynced: [] };
      this.#names.set(path, file);
      for (const above of foldersOf(path)) this.#folders.add(above);
    }
    return this.#handle(path, file);
  }

  async readFile(path: string): Promise<Buffer | null> {
    await this.#before('read', path);
    const file = this.#names.get(path);
    return file === undefined ? null : Buffer.from(file.contents);
  }

  async list(folder: string): Promise<string[]> {
    await this.#before('list', folder);
    const names = new Set<string>();
    for (const path of this.#names.keys()) {
      if (!path.startsWith(`${folder}/`)) continue;
      names.add(path.slice(folder.length + 1).split('/')[0] ?? '');
    }
    return [...names];
  }

  async sizeBytes(path: string): Promise<number | null> {
    await this.#before('stat', path);
    return this.#names.get(path)?.contents.byteLength ?? null;
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#before('create', folder);
    for (const above of foldersOf(`${folder}/`)) this.#folders.add(above);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#before('rename', from);
    for (const [path, file] of [...this.#names]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.#names.delete(path);
      this.#names.set(to + path.slice(from.length), file);
    }
  }

  async remove(path: string): Promise<void> {
    await this.#before('remove', path);
    for (const name of [...this.#names.keys()]) {
      if (name === path || name.startsWith(`${path}/`)) this.#names.delete(name);
    }
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#before('sync', folder);
    for (const path of this.#syncedNames.keys()) {
      if (parentOf(path) === folder && !this.#names.has(path)) this.#syncedNames.delete(path);
    }
    for (const [path, file] of this.#names) {
      if (parentOf(path) === folder) this.#syncedNames.set(path, file);
    }
    for (const made of this.#folders) {
      if (parentOf(made) === folder) this.#syncedFolders.add(made);
    }
  }

  /** The disk as a machine finds it that starts again after the power failed now. */
  loseUnsynced(random: Random): SimulatedDisk {
    const after = new SimulatedDisk();
    after.#syncedFolders = new Set(this.#syncedFolders);
    for (const [path, file] of this.#syncedNames) {
      if (!foldersOf(path).every((folder) => this.#syncedFolders.has(folder))) continue;
      const contents = survivingContents(file, random);
      const survivor = { contents, synced: contents, unsynced: [] };
      after.#names.set(path, survivor);
      after.#syncedNames.set(path, survivor);
    }
    return after;
  }

  /** The disk as a process finds it that starts again after it was killed: everything written is there. */
  afterKill(): SimulatedDisk {
    const after = new SimulatedDisk();
    for (const [path, file] of this.#names) {
      const contents = Buffer.from(file.contents);
      after.#names.set(path, { contents, synced: Buffer.from(file.synced), unsynced: [] });
    }
    for (const path of this.#syncedNames.keys()) {
      const file = after.#names.get(path);
      if (file !== undefined) after.#syncedNames.set(path, file);
    }
    after.#syncedFolders = new Set(this.#syncedFolders);
    return after;
  }

  /** Changes the bytes of a file in place, as a fault of the medium does. */
  damage(path: string, change: (contents: Buffer) => Buffer): void {
    const file = this.#names.get(path);
    if (file === undefined) throw new Error(`there is no file ${path} to damage`);
    file.contents = change(Buffer.from(file.contents));
    file.synced = Buffer.from(file.contents);
    file.unsynced = [];
  }

  paths(): string[] {
    return [...this.#names.keys()];
  }

  #handle(path: string, file: SimulatedFile): DiskFile {
    return {
      read: async (buffer, position) => {
        await this.#before('read', path);
        return file.contents.copy(buffer, 0, position);
      },
      write: async (chunks, position) => {
        await this.#before('write', path);
        const bytes = Buffer.concat(chunks);
        this.#claimSpace(path, position + bytes.byteLength - file.contents.byteLength);
        file.contents = writeInto(file.contents, bytes, position);
        file.unsynced.push({ position, bytes });
      },
      sync: async () => {
        await this.#before('sync', path);
        file.synced = Buffer.from(file.contents);
        file.unsynced = [];
      },
      truncate: async (sizeBytes) => {
        await this.#before('truncate', path);
        file.contents = file.contents.subarray(0, sizeBytes);
        file.synced = file.synced.subarray(0, sizeBytes);
      },
      close: () => Promise.resolve(),
    };
  }

  #claimSpace(path: string, moreBytes: number): void {
    let usedBytes = moreBytes;
    for (const file of this.#names.values()) usedBytes += file.contents.byteLength;
    if (usedBytes > this.fullAtBytes) {
      throw new DiskError('no-space', `cannot write ${path}: the disk is full`);
    }
  }

  async #before(operation: string, path: string): Promise<void> {
    // As long as a turn of the event loop, so that a test can stop in the middle of a sequence.
    await new Promise((resolve) => setImmediate(resolve));
    const error = this.failing?.(operation, path) ?? null;
    if (error !== null) throw error;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** The folders above a file, up to ROOT. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let folder = parentOf(path); folder.startsWith(ROOT); folder = parentOf(folder)) {
    folders.push(folder);
  }
  return folders;
}

function survivingContents(file: SimulatedFile, random: Random): Buffer {
  let contents: Buffer = Buffer.from(file.synced);
  for (const { position, bytes } of file.unsynced) {
    const fate = random.below(3);
    if (fate === 0) continue;
    const kept = fate === 1 ? bytes : bytes.subarray(0, random.below(bytes.byteLength + 1));
    contents = writeInto(contents, kept, position);
  }
  return contents;
}

function writeInto(contents: Buffer, bytes: Buffer, position: number): Buffer {
  const sizeBytes = Math.max(contents.byteLength, position + bytes.byteLength);
  const changed = Buffer.alloc(sizeBytes);
  contents.copy(changed);
  bytes.copy(changed, position);
  return changed;
}
