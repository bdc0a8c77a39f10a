import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine, machineLine } from '../machine.ts';
import { selfTimes, type SelfTimes, type Span } from './cpu-profile.ts';

const PARTS = 14;
const FUNCTIONS = 30;

/**
 * Keeps, in bench/results/profiles, where the threads of a node spent the time between two moments.
 *
 * @param dir where `node --cpu-prof` has left a file for each thread
 */
export function writeProfile(
  name: string,
  run: { readonly dir: string; readonly span: Span; readonly messageCount: number },
): void {
  const threads = readdirSync(run.dir)
    .filter((file) => file.endsWith('.cpuprofile'))
    .map((file) => selfTimes(readFileSync(join(run.dir, file), 'utf8'), run.span))
    .toSorted((one, other) => other.busyMicros - one.busyMicros);
  const folder = join(import.meta.dirname, '../results/profiles');
  mkdirSync(folder, { recursive: true });
  const text = [
    `# Where the node spends its time: ${name}`,
    '',
    `${machineLine(describeMachine())}. Second half of the messages, µs a message, each function without what it calls, sampled every millisecond (\`node --cpu-prof\`), which itself costs some.`,
    ...threads.flatMap((thread, index) => tablesOf(thread, index, run.messageCount)),
  ].join('\n');
  writeFileSync(join(folder, `${name}.md`), `${text}\n`);
}

function tablesOf(thread: SelfTimes, index: number, messageCount: number): string[] {
  const busy = (thread.busyMicros / messageCount).toFixed(1);
  return [
    '',
    `## Thread ${index + 1}: ${busy} µs`,
    '',
    ...tableOf('part', thread.byPart.slice(0, PARTS), messageCount),
    '',
    ...tableOf('function', thread.byFunction.slice(0, FUNCTIONS), messageCount),
  ];
}

function tableOf(
  what: string,
  rows: readonly (readonly [string, number])[],
  messageCount: number,
): string[] {
  return [
    `| ${what} | µs a message |`,
    '| --- | --- |',
    ...rows.map(([name, micros]) => `| ${name} | ${(micros / messageCount).toFixed(2)} |`),
  ];
}
