import { readFileSync } from 'node:fs';
import type { Configuration, SettingSources } from '@chat-cluster/app-chat-node/settings';
import { unreachable } from '@chat-cluster/kernel';
import { type ProgramContext, WRONG_USAGE } from './command.ts';

/** A program that reads its settings, and runs with them. */
export type Configured<Settings> = {
  /** How it is called: `chatcluster start [options]`. */
  readonly usage: string;
  readonly read: (sources: SettingSources) => Configuration<Settings>;
  /** Resolves with an exit code, or `running` when the program ends the process itself. */
  readonly run: (settings: Settings) => Promise<number | 'running'>;
};

/** Runs it; or prints its help, or what is wrong with its settings. Resolves as a Program's `start` does. */
export async function runConfigured<Settings>(
  argv: readonly string[],
  { env, note, print }: ProgramContext,
  { read, run, usage }: Configured<Settings>,
): Promise<number | 'running'> {
  const configuration = read({ argv, env, readFile });
  switch (configuration.kind) {
    case 'help':
      print(`${usage}\n\n${configuration.text}`);
      return 0;
    case 'problem':
      note(configuration.problem);
      return WRONG_USAGE;
    case 'settings':
      return run(configuration.settings);
    default:
      return unreachable(configuration, 'Configuration');
  }
}

function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}
