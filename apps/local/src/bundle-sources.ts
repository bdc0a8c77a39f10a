import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file that a bundle was made of; `path` from the root of the repository. */
type Source = { readonly path: string; readonly sizeBytes: number; readonly changedMs: number };

const FILE = 'sources.json';

/** Notes beside a bundle of what it was made. */
export function writeBundleSources(
  bundleDir: string,
  { root, paths }: { readonly root: string; readonly paths: readonly string[] },
): void {
  const sources = paths.map((path): Source => {
    const { size, mtimeMs } = statSync(join(root, path));
    return { path, sizeBytes: size, changedMs: mtimeMs };
  });
  writeFileSync(join(bundleDir, FILE), JSON.stringify(sources));
}

/** Whether there is a bundle, and nothing that it was made of has changed since. */
export function isBundleFresh(bundleDir: string, { root }: { readonly root: string }): boolean {
  try {
    const sources = JSON.parse(readFileSync(join(bundleDir, FILE), 'utf8')) as readonly Source[];
    return sources.every(({ path, sizeBytes, changedMs }) => {
      const { size, mtimeMs } = statSync(join(root, path));
      return size === sizeBytes && mtimeMs === changedMs;
    });
  } catch {
    return false; // none, or of something that is gone
  }
}
