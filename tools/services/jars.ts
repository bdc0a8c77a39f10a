import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServicesError } from './services-error.ts';

const run = promisify(execFile);

/** The version of the plugin is pinned, so that its output folder is laid out the same everywhere. */
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** About 70 MB from a slow mirror; a download that takes longer is stuck. */
const FETCH_TIMEOUT_MS = 10 * 60 * 1000;

const POM_COPY = 'fetched.pom.xml';

/**
 * Makes sure that the jars named by `tools/services/<name>.pom.xml` lie in `<jarsDir>/<name>`.
 * Jars that are already there for exactly this pom are reused, without a network and without Maven.
 * Safe when several processes do it at once: each fetches into a folder of its own and renames it.
 *
 * @returns the folder of the jars, for a class path of `<folder>/*`.
 * @throws ServicesError `maven-missing`, `jars-failed`.
 */
export async function fetchJars(options: {
  name: 'kafka' | 'cassandra';
  jarsDir: string;
}): Promise<string> {
  const pomPath = join(import.meta.dirname, `${options.name}.pom.xml`);
  const folder = join(options.jarsDir, options.name);
  const pom = await readFile(pomPath, 'utf8');
  if (await isFetched({ folder, pom })) return folder;

  await mkdir(options.jarsDir, { recursive: true });
  const fresh = await mkdtemp(join(options.jarsDir, `${options.name}-fetching-`));
  try {
    await copyDependencies({ pomPath, folder: fresh });
    // The copy of the pom is what marks the folder as complete.
    await cp(pomPath, join(fresh, POM_COPY));
    await putInPlace({ fresh, folder, pom });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}

async function isFetched(options: { folder: string; pom: string }): Promise<boolean> {
  const marker = await readFile(join(options.folder, POM_COPY), 'utf8').catch(() => undefined);
  return marker === options.pom;
}

async function putInPlace(options: { fresh: string; folder: string; pom: string }): Promise<void> {
  // Another process may have been faster; a running server may already have its jars open.
  if (await isFetched(options)) return;
  await rm(options.folder, { recursive: true, force: true });
  try {
    await rename(options.fresh, options.folder);
  } catch (cause) {
    if (!(await isFetched(options))) throw cause;
  }
}

async function copyDependencies(options: { pomPath: string; folder: string }): Promise<void> {
  const args = ['-q', '-B', '-f', options.pomPath, COPY_GOAL];
  args.push(`-DoutputDirectory=${options.folder}`, '-DincludeScope=runtime');
  try {
    await run('mvn', args, { timeout: FETCH_TIMEOUT_MS });
  } catch (cause) {
    if (isNotFound(cause)) {
      throw new ServicesError(
        'maven-missing',
        'Maven is needed once, to fetch the jars of Kafka and Cassandra, and there is no mvn. ' +
          'Install it (Debian: apt-get install maven; macOS: brew install maven).',
        { cause },
      );
    }
    const output = outputOf(cause).trim().split('\n').slice(0, 8).join('\n');
    throw new ServicesError(
      'jars-failed',
      `Maven could not fetch the jars of ${options.pomPath}; try again when the network is back. It said:\n${output}`,
      { cause },
    );
  }
}

function isNotFound(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function outputOf(cause: unknown): string {
  if (cause instanceof Error && 'stdout' in cause) return String(cause.stdout);
  return String(cause);
}
