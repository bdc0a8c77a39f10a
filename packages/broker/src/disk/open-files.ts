import type { Disk, DiskFile } from './disk.ts';

/** Files kept open: enough for a thousand active partitions, below a process's hard limit of 4,096 or more, to which Node raises the soft one. */
const OPEN_FILES_MAX = 2_048;

type Entry = { readonly file: Promise<DiskFile>; users: number; isForgotten: boolean };

/** Keeps the most recently used files open, so that thousands of segments need not be. */
export class OpenFiles {
  readonly #disk: Disk;
  readonly #countMax: number;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(disk: Disk, { countMax = OPEN_FILES_MAX }: { countMax?: number } = {}) {
    this.#disk = disk;
    this.#countMax = countMax;
  }

  /** Runs `work` with the file, which stays open until it has finished, and perhaps longer. */
  async use<Value>(path: string, work: (file: DiskFile) => Promise<Value>): Promise<Value> {
    const entry = this.#claim(path);
    try {
      return await work(await entry.file);
    } finally {
      entry.users--;
      if (entry.isForgotten) this.#closeIfUnused(entry);
      this.#evict();
    }
  }

  /** Closes a file that is going to be removed or renamed, once nobody uses it any more. */
  forget(path: string): void {
    const entry = this.#entries.get(path);
    if (entry === undefined) return;
    this.#entries.delete(path);
    entry.isForgotten = true;
    this.#closeIfUnused(entry);
  }

  /** As `forget`, for all files in a folder and below it. */
  forgetFolder(folder: string): void {
    for (const path of [...this.#entries.keys()]) {
      if (path.startsWith(`${folder}/`)) this.forget(path);
    }
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) await (await entry.file).close();
  }

  #claim(path: string): Entry {
    const known = this.#entries.get(path);
    const entry = known ?? { file: this.#disk.open(path), users: 0, isForgotten: false };
    this.#entries.delete(path);
    this.#entries.set(path, entry);
    entry.users++;
    // A file that could not be opened must be tried again by the next user.
    if (known === undefined) entry.file.catch(() => this.#entries.delete(path));
    return entry;
  }

  #evict(): void {
    for (const [path, entry] of this.#entries) {
      if (this.#entries.size <= this.#countMax) return;
      if (entry.users > 0) continue;
      this.#entries.delete(path);
      this.#closeIfUnused(entry);
    }
  }

  #closeIfUnused(entry: Entry): void {
    if (entry.users > 0) return;
    // Nothing was lost if closing fails: what had to be durable was synced before.
    void entry.file.then((file) => file.close()).catch(() => {});
  }
}
