import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** CPU time of a process since it started, in microseconds, all its threads together (proc(5), stat: utime and stime). */
export function cpuMicros(pid: number): number {
  return readStat(`/proc/${pid}/stat`).cpuMicros;
}

/** What the threads of a process are for, by the beginnings of their names. The others of a Java process take a new name with each kind of work. */
const THREAD_KINDS = {
  'compilers of the JVM': /^C[12] Compiler/,
  'collector of the JVM': /^(GC Thread|G1 |VM Thread)/,
  'main thread': /^(MainThread|node)$/,
  'broker thread': /broker/,
  'collector and compiler of V8': /^V8Worker/,
  'thread pool of libuv': /^libuv-worker/,
} as const;

/** CPU time of a process in microseconds by what its threads are for; 'rest' has those that have ended, too. */
export function cpuMicrosByThread(pid: number): Readonly<Record<string, number>> {
  const micros: Record<string, number> = { rest: cpuMicros(pid) };
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const thread = readStat(`/proc/${pid}/task/${tid}/stat`);
    const kind = Object.entries(THREAD_KINDS).find(([, name]) => name.test(thread.name))?.[0];
    if (kind === undefined) continue;
    micros[kind] = (micros[kind] ?? 0) + thread.cpuMicros;
    micros.rest = (micros.rest ?? 0) - thread.cpuMicros;
  }
  return micros;
}

/** Of /proc/…/stat: the name in brackets, then fields from the third on. */
function readStat(path: string): { readonly name: string; readonly cpuMicros: number } {
  const stat = readFileSync(path, 'utf8');
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  return {
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    cpuMicros: ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000,
  };
}

/** Memory of a process in bytes: the most that was resident, and of what is resident now the part that is its own (not pages of files, which the system can drop). */
export function memoryBytes(pid: number): { readonly peak: number; readonly anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) * KIB;
  return { peak: field('VmHWM'), anonymous: field('RssAnon') };
}
