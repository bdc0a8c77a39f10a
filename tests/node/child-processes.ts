import { readdirSync, readFileSync } from 'node:fs';

/** The processes that this one has started and that have not ended, by their ids. From Linux' /proc. */
export function childProcesses(pid: number): number[] {
  const children: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(entry);
    if (stat?.parent === pid && stat.state !== 'Z') children.push(Number(entry));
  }
  return children;
}

export function isRunning(pid: number): boolean {
  const stat = statOf(String(pid));
  return stat !== undefined && stat.state !== 'Z';
}

/** The name of a process, in parentheses, may hold anything; what follows it is fixed. */
function statOf(pid: string): { readonly state: string; readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it has ended meanwhile
  }
}
