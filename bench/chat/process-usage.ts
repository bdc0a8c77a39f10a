import { readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** CPU time of a process since it started, in microseconds, all its threads together (proc(5), stat: utime and stime). */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1_000_000;
}

/** Memory of a process in bytes: the most that was resident, and of what is resident now the part that is its own (not pages of files, which the system can drop). */
export function memoryBytes(pid: number): { readonly peak: number; readonly anonymous: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN) * KIB;
  return { peak: field('VmHWM'), anonymous: field('RssAnon') };
}
