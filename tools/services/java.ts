import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ServicesError } from './services-error.ts';

const run = promisify(execFile);

/** Kafka 4 needs Java 17 or newer; Cassandra 5.0 runs on 11 and 17 and refuses newer ones. 17 suits both. */
const JAVA_MAJOR = 17;

/**
 * Finds a Java 17: `$JAVA_HOME/bin/java` when JAVA_HOME is set, otherwise `java` of the PATH.
 *
 * @returns the command to run.
 * @throws ServicesError `java-missing` when there is none, or one of another version.
 */
export async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const command = home === undefined || home === '' ? 'java' : `${home}/bin/java`;
  const version = await javaMajor(command);
  if (version === JAVA_MAJOR) return command;
  const found =
    version === undefined ? `${command} does not run` : `${command} is version ${version}`;
  throw new ServicesError(
    'java-missing',
    `Java ${JAVA_MAJOR} is needed to run Kafka and Cassandra, and ${found}. ` +
      `Install it (Debian: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17), ` +
      `or let JAVA_HOME name one.`,
  );
}

/** The major version of a Java command, or undefined when it does not run. */
async function javaMajor(command: string): Promise<number | undefined> {
  try {
    // Java writes its version to stderr, as in: openjdk version "17.0.15" 2025-04-15
    const { stderr } = await run(command, ['-version']);
    const major = /version "(\d+)/.exec(stderr)?.[1];
    return major === undefined ? undefined : Number(major);
  } catch {
    return undefined;
  }
}

/**
 * For one of several servers on a small machine: the quick compiler alone, and a collector with one thread. Six servers that
 * start otherwise keep two cores busy with compiling for minutes. Who measures throughput starts one server of a kind.
 */
export const flagsOfMany: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
